package outbound

import (
	"net"
	"net/netip"
	"net/url"
	"strings"

	"cloudsso/idp"
)

// parse checks an address before anything is resolved. Everything that parsers read
// differently is refused.
func (c *Client) parse(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Hostname() == "" {
		return nil, idp.Errorf(idp.Invalid, "This is not a complete https address.")
	}
	return u, c.check(u)
}

func (c *Client) check(u *url.URL) error {
	host := u.Hostname()
	switch {
	case u.Scheme != "https" && !(u.Scheme == "http" && c.dev && loopbackName(host)):
		return idp.Errorf(idp.Invalid, "Only https addresses are fetched; this one leads to %q.", u.Scheme+"://"+u.Host)
	case u.User != nil:
		return idp.Errorf(idp.Invalid, "An address with a user name or password in it is not fetched.")
	case strings.Contains(host, "%"):
		return idp.Errorf(idp.Invalid, "An address with a network zone in it is not fetched.")
	case numeric(host):
		// 2130706433, 0x7f.1 and 127.1 are loopback to some resolvers and names to others.
		return idp.Errorf(idp.Invalid, "The host %q is a number that is not a plain IP address.", host)
	}
	return nil
}

// numeric reports whether the last label of a host is a number although the host is no
// IP address (WHATWG URL, "ends in a number").
func numeric(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if hex, ok := strings.CutPrefix(strings.ToLower(last), "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(last, "0123456789") == ""
}

// hostPort is the form in which AllowHosts names a target.
func hostPort(host, port string) string {
	return strings.ToLower(net.JoinHostPort(strings.TrimSuffix(host, "."), port))
}

func loopbackName(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && loopback(ip)
}
