package idp

import "time"

// TokenApp is a relying party that takes a signed token in its address or by a form, in a
// scheme of its own: inSided's, Zendesk's, DiscourseConnect.
type TokenApp struct {
	App  string // slug: our id in URLs, never changes
	Name string // shown to people
	TokenAppPolicy

	SharedKey []byte // of HS* algorithms, sealed; nil without one

	Managed   Managed
	Version   int64 // compare-and-swap counter, owned by the store
	CreatedAt time.Time
	UpdatedAt time.Time
}

// TokenAppPolicy is what an admin decides about a signed-token app: the same struct
// behind the API, files and the console.
type TokenAppPolicy struct {
	ReturnURL     string    `json:"return_url,omitempty" format:"uri" maxLength:"2048" doc:"Where the token goes."`
	Method        string    `json:"method,omitempty" enum:"get,post" doc:"How it goes there: in the address, or by a form. Default get."`
	Algorithm     string    `json:"algorithm,omitempty" enum:"RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384,ES512,EdDSA,HS256,HS384,HS512" doc:"What signs the token. Default RS256."`
	Claims        []Mapping `json:"claims,omitempty" doc:"What the token says about the person."`
	Lifetime      int64     `json:"lifetime,omitempty" minimum:"30" maximum:"3600" doc:"Seconds that the token is valid. Default 300."`
	TokenParam    string    `json:"token_param,omitempty" maxLength:"64" doc:"Name of the parameter that carries the token. Default token."`
	ReturnToParam string    `json:"return_to_param,omitempty" maxLength:"64" doc:"Name of the parameter, of our link and of return_url, that says where in the app the person wants to go."`
	Disabled      bool      `json:"disabled,omitempty"`
}
