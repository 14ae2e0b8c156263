package postgres

import (
	"context"
	"net"
	"time"

	"cloudsso/idp/sqlstore"
)

// OpenThrough is Open with each connection wrapped, and with a way to the database
// beside the store.
func OpenThrough(ctx context.Context, url string, o Options, now func() time.Time, wrap func(net.Conn) net.Conn) (*DB, sqlstore.Database, error) {
	config, err := parse(url)
	if err != nil {
		return nil, nil, err
	}
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return wrap(conn), nil
	}
	return open(ctx, config, o, now)
}
