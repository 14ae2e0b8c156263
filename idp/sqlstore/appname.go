package sqlstore

// Apps of all protocols share one namespace: whoever creates one takes its name first, in
// the same transaction. A database that was filled before may hold two of one name; then
// the name is the client's, and each goes on as it is.
const (
	kindClient          = "client"
	kindServiceProvider = "sp"
	kindTokenApp        = "token"
)

// named takes the name of an app that is created.
func named(name, kind string) Statement {
	return Statement{`INSERT INTO app_names (name, kind) VALUES ($1, $2)`, []any{name, kind}}
}

// unnamed gives the name of a deleted app back.
func unnamed(tx Tx, name, kind string) error {
	_, err := exec(tx, `DELETE FROM app_names WHERE name = $1 AND kind = $2`, name, kind)
	return err
}
