package config

// Kinds of a [Directory].
const (
	KindLocal = "local" // the built-in users
	KindFile  = "file"  // a YAML or CSV file
	KindLDAP  = "ldap"  // an LDAP server or Active Directory
	KindHTTP  = "http"  // an HTTP API that keeps our contract
	KindIMIS  = "imis"  // the iMIS REST API
	KindSQL   = "sql"   // queries on a SQL database
)

// Secret is a value that is never printed. In the file, the key name_file beside a
// secret's key name gives the path of a file that holds the value.
type Secret string

func (Secret) String() string   { return redacted }
func (Secret) GoString() string { return redacted }

// MarshalText is why [Config.YAML] cannot print a secret.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

const redacted = "[redacted]"

// Directory is one source of people. The kinds ldap, http, imis and sql have a block
// of their own, and one that says how long to wait for them.
type Directory struct {
	ID      string   `json:"id" doc:"Stable name. It is part of who a person is: renaming it makes new people."`
	Kind    string   `json:"kind" enum:"local,file,ldap,http,imis,sql"`
	Path    string   `json:"path,omitempty" path:"yes" doc:"Kind file: the file, CSV if its name ends in .csv and else YAML. A relative path starts at the folder of this configuration file."`
	Domains []string `json:"domains,omitempty" doc:"Logins that end in @domain are asked here only."`
	LDAP    *LDAP    `json:"ldap,omitempty" doc:"Kind ldap."`
	HTTP    *HTTP    `json:"http,omitempty" doc:"Kind http."`
	IMIS    *IMIS    `json:"imis,omitempty" doc:"Kind imis."`
	SQL     *SQL     `json:"sql,omitempty" doc:"Kind sql."`

	MigrateFrom string `json:"migrate_from,omitempty" doc:"Kind local: id of a directory further down in the list, without domains. Whoever signs in there is copied here, password included, and stays the same person."`

	Guard *Guard `json:"guard,omitempty" doc:"Kinds ldap, http, imis and sql: what happens when the directory is slow or down."`
}

// LDAP is a directory of kind ldap.
type LDAP struct {
	Preset            string      `json:"preset,omitempty" enum:"active_directory" doc:"Changes the defaults to those of Active Directory."`
	URLs              []string    `json:"urls" required:"yes" doc:"ldaps://host:636 or ldap://host:389, asked in this order."`
	StartTLS          bool        `json:"start_tls,omitempty" doc:"TLS on ldap:// URLs. Without TLS only servers on this machine are asked."`
	CAFile            string      `json:"ca_file,omitempty" path:"yes" doc:"PEM file with the authorities of the servers. Default: the system's."`
	BindDN            string      `json:"bind_dn,omitempty" doc:"The service account that may search. Default: anonymous."`
	BindPassword      Secret      `json:"bind_password,omitempty" doc:"Its password."`
	BaseDN            string      `json:"base_dn" required:"yes" doc:"People are below this entry."`
	UserFilter        string      `json:"user_filter,omitempty" doc:"Finds a person; {login} is what was typed. Default: (&(objectClass=person)(|(uid={login})(mail={login}))); Active Directory: sAMAccountName, userPrincipalName or mail."`
	UserDN            string      `json:"user_dn,omitempty" doc:"Such as uid={login},ou=people,dc=example,dc=com: sign in as this DN at once instead of searching first."`
	IDAttribute       string      `json:"id_attribute,omitempty" doc:"The stable id of a person. Default: entryUUID; Active Directory: objectGUID."`
	LoginAttribute    string      `json:"login_attribute,omitempty" doc:"The user name. Default: uid; Active Directory: sAMAccountName."`
	EmailAttribute    string      `json:"email_attribute,omitempty" doc:"Default: mail."`
	Attributes        []Attribute `json:"attributes,omitempty" doc:"Attributes to take. Default: everything but passwords, under the server's names."`
	Groups            Groups      `json:"groups,omitzero" doc:"How the groups of a person are found."`
	DisabledAttribute string      `json:"disabled_attribute,omitempty" doc:"With one of disabled_values in it, an account is disabled."`
	DisabledValues    []string    `json:"disabled_values,omitempty" doc:"Case does not matter. Default: TRUE."`
	LockoutDuration   Duration    `json:"lockout_duration,omitzero" doc:"How long an account stays locked, where the server does not say. Default: 30m."`
	RevealLocked      bool        `json:"reveal_locked,omitempty" doc:"Tell people that their account is locked even before the password is checked. It tells strangers that the account exists."`
	PoolSize          int         `json:"pool_size,omitempty" doc:"Connections of the service account, and as many of people who sign in. Default: 8."`
	PageSize          int         `json:"page_size,omitempty" doc:"Groups asked for at once. Default: 500."`
	ConnectTimeout    Duration    `json:"connect_timeout,omitzero" doc:"For reaching one server, TLS included. Default: 1s."`
	RequestTimeout    Duration    `json:"request_timeout,omitzero" doc:"For one request. Default: 2s."`
}

// Attribute is one attribute to take from an LDAP server.
type Attribute struct {
	From string `json:"from" required:"yes" doc:"The server's name."`
	Name string `json:"name,omitempty" doc:"Our name. Default: the server's."`
	Type string `json:"type,omitempty" enum:"text,number,boolean,json,binary,guid,time,filetime" doc:"Default: text."`
}

// Groups say how an LDAP server is asked for groups.
type Groups struct {
	MemberOf      string `json:"member_of,omitempty" doc:"Attribute of a person that has the DNs of groups. Active Directory: memberOf."`
	BaseDN        string `json:"base_dn,omitempty" doc:"Groups are below this entry."`
	Filter        string `json:"filter,omitempty" doc:"Finds groups; {dn} and {login} are the person's. Such as (&(objectClass=groupOfNames)(member={dn}))."`
	Nested        string `json:"nested,omitempty" enum:"walk,matching_rule" doc:"Groups of groups: asked for one by one, or by Active Directory itself. Default: direct groups only."`
	NameAttribute string `json:"name_attribute,omitempty" doc:"Attribute of a group with its name; dn for the whole DN. Default: the first part of the DN."`
	MaxDepth      int    `json:"max_depth,omitempty" doc:"How many levels a walk goes up. Default: 8."`
}

// HTTP is a directory of kind http.
type HTTP struct {
	VerifyURL  string            `json:"verify_url" required:"yes" doc:"POST of login and password."`
	ProfileURL string            `json:"profile_url" required:"yes" doc:"GET of a person by id or login."`
	Bearer     Secret            `json:"bearer,omitempty" doc:"Token to be sent; or"`
	Username   string            `json:"username,omitempty" doc:"user name of HTTP Basic, with a password."`
	Password   Secret            `json:"password,omitempty" doc:"Password of HTTP Basic."`
	Header     map[string]Secret `json:"header,omitempty" doc:"Further header fields of every call. Their values are treated as secrets."`
}

// IMIS is a directory of kind imis.
type IMIS struct {
	BaseURL        string    `json:"base_url" required:"yes" doc:"The token endpoint is /token below it."`
	Username       string    `json:"username" required:"yes" doc:"Of the account that may run the queries."`
	Password       Secret    `json:"password" required:"yes" doc:"Of that account."`
	QueryPath      string    `json:"query_path,omitempty" doc:"Default: /api/query; iMIS 2017: /api/iqa."`
	Query          string    `json:"query,omitempty" doc:"Query that takes a user name. Default: $/SSO/ProfileData."`
	IDColumn       string    `json:"id_column,omitempty" doc:"Column with an id that outlives renaming, together with id_query. Default: the user name is the id."`
	IDQuery        string    `json:"id_query,omitempty" doc:"Query that takes such an id."`
	LoginColumn    string    `json:"login_column,omitempty" doc:"Default: UserName."`
	EmailColumn    string    `json:"email_column,omitempty" doc:"Default: Email."`
	GroupsColumn   string    `json:"groups_column,omitempty" doc:"A list, or text with commas."`
	DisabledColumn string    `json:"disabled_column,omitempty" doc:"With one of disabled_values in it, an account is disabled."`
	DisabledValues []string  `json:"disabled_values,omitempty" doc:"Case does not matter. Default: true."`
	Refusals       []Refusal `json:"refusals,omitempty" doc:"What error texts of the token endpoint mean."`
}

// Refusal is a meaning of an error text.
type Refusal struct {
	Contains string `json:"contains" required:"yes" doc:"Case does not matter."`
	Means    string `json:"means" required:"yes" enum:"second_factor,disabled,locked,password_expired"`
}

// Guard keeps a directory that is slow or down from taking everybody with it.
type Guard struct {
	Timeout  Duration `json:"timeout,omitzero" doc:"For one question, however many requests it takes. Default: 3s."`
	Cooldown Duration `json:"cooldown,omitzero" doc:"For so long nobody is asked after several failures. Default: 10s."`
	CacheTTL Duration `json:"cache_ttl,omitzero" doc:"How long attributes are remembered for what need not be fresh. Signing in, refreshing and userinfo always ask. Default: 30s."`
	Failures int      `json:"failures,omitempty" doc:"So many failures in a row. Default: 5."`
}

// blocks are the parts of a directory that only some kinds have, by key.
func (d Directory) blocks() map[string]bool {
	return map[string]bool{"path": d.Path != "", KindLDAP: d.LDAP != nil, KindHTTP: d.HTTP != nil, KindIMIS: d.IMIS != nil, KindSQL: d.SQL != nil, "migrate_from": d.MigrateFrom != "", "guard": d.Guard != nil}
}
