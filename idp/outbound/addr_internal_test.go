package outbound

import (
	"net/netip"
	"testing"
)

func TestOnlyThePublicInternetIsPublic(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		addr string
		want bool
		name string
	}{
		{"93.184.216.34", true, "an ordinary address"},
		{"2606:2800:220:1:248:1893:25c8:1946", true, "an ordinary IPv6 address"},
		{"::ffff:93.184.216.34", true, "an ordinary address, IPv4-mapped"},
		{"127.0.0.1", false, "loopback"},
		{"127.255.255.254", false, "the end of loopback"},
		{"::1", false, "IPv6 loopback"},
		{"::ffff:127.0.0.1", false, "loopback, IPv4-mapped"},
		{"::127.0.0.1", false, "loopback, IPv4-compatible"},
		{"64:ff9b::7f00:1", false, "loopback through NAT64"},
		{"64:ff9b:1::a00:1", false, "RFC 1918 through local NAT64"},
		{"2002:7f00:1::", false, "loopback through 6to4"},
		{"2001:0:4136:e378:8000:63bf:3fff:fdd2", false, "Teredo"},
		{"10.0.0.1", false, "RFC 1918"},
		{"172.16.0.1", false, "RFC 1918"},
		{"172.31.255.255", false, "RFC 1918"},
		{"192.168.1.1", false, "RFC 1918"},
		{"::ffff:10.0.0.1", false, "RFC 1918, IPv4-mapped"},
		{"169.254.169.254", false, "cloud metadata"},
		{"::ffff:169.254.169.254", false, "cloud metadata, IPv4-mapped"},
		{"fd00:ec2::254", false, "cloud metadata by IPv6"},
		{"100.100.100.200", false, "another cloud's metadata, in carrier NAT"},
		{"100.64.0.1", false, "carrier NAT"},
		{"fe80::1", false, "link-local"},
		{"fe80::1%eth0", false, "link-local with a zone"},
		{"fc00::1", false, "ULA"},
		{"fec0::1", false, "site-local"},
		{"0.0.0.0", false, "unspecified"},
		{"0.1.2.3", false, "this network"},
		{"::", false, "IPv6 unspecified"},
		{"224.0.0.1", false, "multicast"},
		{"ff02::1", false, "IPv6 multicast"},
		{"255.255.255.255", false, "broadcast"},
		{"240.0.0.1", false, "reserved"},
		{"198.18.0.1", false, "benchmarks"},
		{"192.0.2.1", false, "documentation"},
		{"2001:db8::1", false, "IPv6 documentation"},
	} {
		if got := public(netip.MustParseAddr(c.addr)); got != c.want {
			t.Errorf("%s (%s): public = %v", c.addr, c.name, got)
		}
	}
	if public(netip.Addr{}) {
		t.Error("no address at all is public")
	}
}
