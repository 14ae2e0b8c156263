package idp_test

import (
	"net/netip"
	"testing"

	"cloudsso/idp"
)

func TestNetworkOfARequest(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "127.0.0.1": "127.0.0.0/24",
	} {
		if got := (&idp.Request{IP: netip.MustParseAddr(address)}).Network(); got != want {
			t.Errorf("%s is in %q", address, got)
		}
	}
	if got := new(idp.Request).Network(); got != "" {
		t.Errorf("an unknown address is in %q", got)
	}
}
