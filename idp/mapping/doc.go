// Package mapping is the attribute engine: it makes the claims and SAML attributes of
// one app out of what a directory says about a person.
//
// # The main path
//
//	Check, CheckClaims  when an admin saves rows: what cannot work is refused there
//	Standard            the OpenID Connect claims of the granted scopes, with exact types
//	Claims              an app's own rows as claims, of ID tokens, userinfo and signed-token apps alike
//	Attributes          an app's own rows as SAML attributes
//	Explain             the same rows, each with its values and where they come from
//
// # A row
//
// A row takes its values from one source:
//
//	"given_name"                                 a directory attribute
//	{"template": "{{given_name}} {{last_name}}"} a text with the first value of each attribute
//	{"cel": "groups.filter(g, g != 'staff')"}    an expression, see below
//	{"constant": ["a", "b"]}                     the same for everybody
//
// Always there are groups, username, subject and directory; a directory attribute named
// groups or username wins over ours, one named subject or directory does not: nobody's
// directory says who they are to us. "address.locality" is the attribute of that name or,
// without one, the member of a structured attribute "address".
//
// A template has no value if one of its attributes has none; {{middle_name?}} may be
// missing, and takes a space with it. In a row of type json, what is put in cannot leave the JSON text that it stands in.
//
// Then come the steps, those that the row has, always in this order:
//
//	split  map  first  lower or upper  date  default  join  type  required
//
// # One or many
//
// One value is a scalar and several are an array, with their JSON types kept. An array
// even of one are: groups, the parts of split, lists of expressions and constants, and
// whatever has the type array; first and join make one value of each. SAML attributes
// always are lists of texts.
//
// Nothing empty ever comes out: no null, no "", no "null", no empty list or object. What
// has no value is left out, or, if the row is required, is a [MissingError].
//
// # Names of claims
//
// A dot makes nested objects: nameData.firstName. A name with a colon is a URI and stays
// one name; \. is a dot inside a name and \\ a backslash. SAML names stay as they are.
//
// # Expressions
//
// The language is CEL (cel.dev) with its strings, lists, bindings and optional libraries. There are
//
//	attributes  map(string, list(dyn))  as the directory names them
//	attributes.text("mail")             the first value as text, "" if there is none
//	attributes.texts("roles")           all values as texts
//	attributes.values("level")          all values
//	groups      list(string)
//	username, subject, directory        string
//
// An expression sees nothing else: no clock, no network, no random numbers. It is
// compiled when it is saved and once per process after that, and may cost so much and no
// more; one that fails gives no value.
package mapping
