package outbound

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"syscall"
	"testing"

	"cloudsso/idp"
)

// S18: the name has a public address when it is judged and a private one a moment
// later. What is dialled must be what was judged.
func TestS18DNSRebindingHasNoEffect(t *testing.T) {
	t.Parallel()
	lookups := 0
	c, err := New(Options{Resolve: func(context.Context, string) ([]netip.Addr, error) {
		lookups++
		if lookups == 1 {
			return []netip.Addr{netip.MustParseAddr("93.184.216.34"), netip.MustParseAddr("::ffff:93.184.216.35")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	var dialled []string
	c.dialer.Control = func(_, address string, _ syscall.RawConn) error {
		dialled = append(dialled, address)
		return errors.New("nothing leaves a test")
	}
	_, _, err = c.Fetch(t.Context(), "https://rebind.example/", 1000)
	var e *idp.Error
	if !errors.As(err, &e) || e.Public != "rebind.example cannot be reached." {
		t.Errorf("error %v", err)
	}
	if want := []string{"93.184.216.34:443", "93.184.216.35:443"}; !slices.Equal(dialled, want) || lookups != 1 {
		t.Errorf("dialled %v after %d lookups", dialled, lookups)
	}
	if _, _, err = c.Fetch(t.Context(), "https://rebind.example/", 1000); !errors.As(err, &e) || e.Code != idp.Invalid || len(dialled) != 2 {
		t.Errorf("the second time: %v, dialled %v", err, dialled)
	}
}
