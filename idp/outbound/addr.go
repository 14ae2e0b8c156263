package outbound

import "net/netip"

// Networks inside otherwise public space that lead somewhere else. Everything that
// netip can tell by itself (loopback, RFC 1918, ULA, link-local with the cloud
// metadata address, multicast, unspecified) is asked of netip.
var closedNetworks = prefixes(
	"0.0.0.0/8",       // "this network", RFC 1122 §3.2.1.3
	"100.64.0.0/10",   // carrier NAT, RFC 6598; one cloud's metadata address
	"192.0.0.0/24",    // RFC 6890
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"240.0.0.0/4",     // reserved, broadcast
	"2001::/23",       // Teredo and other carriers of foreign addresses
	"2001:db8::/32",   // documentation
	"2002::/16",       // 6to4 carries an IPv4 address
	"3fff::/20",       // documentation
)

// globalUnicast6 is all that IANA gave out for the public internet. NAT64
// (64:ff9b::/96), IPv4-compatible and site-local addresses are outside of it.
var globalUnicast6 = netip.MustParsePrefix("2000::/3")

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// public reports whether an address belongs to the public internet.
func public(ip netip.Addr) bool {
	ip = ip.Unmap() // ::ffff:127.0.0.1 is 127.0.0.1
	if !ip.IsValid() || ip.Zone() != "" || !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	if ip.Is6() && !globalUnicast6.Contains(ip) {
		return false
	}
	for _, p := range closedNetworks {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// loopback reports whether an address is this machine.
func loopback(ip netip.Addr) bool { return ip.Unmap().IsLoopback() }
