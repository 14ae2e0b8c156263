package config

// SQL is a directory of kind sql. Each query has exactly one placeholder, :login or :id,
// and runs in a read-only transaction. Columns become attributes; an array and several
// rows of one person are several values.
type SQL struct {
	URL            Secret    `json:"url" required:"yes" doc:"postgres://user:password@host:5432/name?sslmode=verify-full, mysql://user:password@host:3306/name?tls=true (mariadb:// too), or sqlite:///path of a file."`
	AuthQuery      string    `json:"auth_query" required:"yes" doc:"Takes a user name (:login) and gives its password hash, in its only column or in one called password_hash."`
	ProfileQuery   string    `json:"profile_query" required:"yes" doc:"Takes a user name or an email address (:login) and gives the columns of that person."`
	Profiles       []Profile `json:"profiles,omitempty" doc:"Further profile queries, for applications that name one as their profile_query."`
	IDColumn       string    `json:"id_column,omitempty" doc:"Column with an id that outlives renaming, together with id_query. Default: the user name is the id."`
	IDQuery        string    `json:"id_query,omitempty" doc:"Takes such an id (:id) and gives the user name."`
	LoginColumn    string    `json:"login_column,omitempty" doc:"Default: username."`
	EmailColumn    string    `json:"email_column,omitempty" doc:"Default: email."`
	GroupsColumn   string    `json:"groups_column,omitempty" doc:"Several values, or text with commas."`
	DisabledColumn string    `json:"disabled_column,omitempty" doc:"With one of disabled_values in it, an account is disabled."`
	DisabledValues []string  `json:"disabled_values,omitempty" doc:"Case does not matter. Default: true and 1."`
	JSONColumns    []string  `json:"json_columns,omitempty" doc:"Columns whose text is JSON, where the database has no such type."`
	BooleanColumns []string  `json:"boolean_columns,omitempty" doc:"Columns that mean yes or no, where the database has no such type."`
	PoolSize       int       `json:"pool_size,omitempty" doc:"Connections. Default: 8."`
}

// Profile is a profile query with a name.
type Profile struct {
	Name  string `json:"name" required:"yes" doc:"What applications call it."`
	Query string `json:"query" required:"yes" doc:"As profile_query."`
}
