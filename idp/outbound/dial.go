package outbound

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"cloudsso/idp"
)

// Resolver looks up the addresses of a name, as net.Resolver.LookupNetIP does for
// network "ip".
type Resolver func(ctx context.Context, host string) ([]netip.Addr, error)

func systemResolver(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// dial connects to addr ("host:port"). The check stands here, at the last moment: what
// was judged is what is connected to, also after a redirect.
func (c *Client) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	ips, err := c.addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	if !c.allowed[hostPort(host, port)] {
		for _, ip := range ips {
			// One bad address condemns the name: a mixed answer is an attack, not an outage.
			if !public(ip) && !(c.dev && loopback(ip)) {
				return nil, closed(host, port)
			}
		}
	}
	var last error
	for _, ip := range ips {
		conn, err := c.dialer.DialContext(ctx, network, net.JoinHostPort(ip.Unmap().String(), port))
		if err == nil {
			return conn, nil
		}
		last = err
	}
	return nil, last
}

func (c *Client) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	ips, err := c.resolve(ctx, host)
	if err == nil && len(ips) == 0 {
		err = errors.New("no addresses")
	}
	if err != nil {
		return nil, idp.Errorf(idp.Unavailable, "The name %q cannot be resolved.", host).Because(err)
	}
	return ips, nil
}

func closed(host, port string) *idp.Error {
	return idp.Errorf(idp.Invalid, "%s is not on the public internet, so it is not fetched. If that is intended, the operator adds %q to outbound.allow_hosts.",
		host, hostPort(host, port))
}
