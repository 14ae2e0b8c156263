package idp

// ServiceProviderPolicy is what an admin decides about a service provider: the same
// struct behind the API, files and the console.
type ServiceProviderPolicy struct {
	Sign                string `json:"sign,omitempty" enum:"response,assertion,both" doc:"What we sign. Default response; the assertion as well when the metadata says WantAssertionsSigned."`
	SignatureAlgorithm  string `json:"signature_algorithm,omitempty" enum:"rsa-sha256,rsa-sha384,rsa-sha512,ecdsa-sha256,ecdsa-sha384,ecdsa-sha512,rsa-sha1" doc:"Default rsa-sha256. The ecdsa ones sign with a key of their own, whose certificate our metadata for the app shows. rsa-sha1 is broken: only with legacy_until."`
	Canonicalization    string `json:"canonicalization,omitempty" enum:"exclusive,inclusive" doc:"Of what we sign. Default exclusive. inclusive is Canonical XML 1.0, for old products that know nothing else."`
	OmitCertificate     bool   `json:"omit_certificate,omitempty" doc:"Leave our certificate out of signatures: some products trip over KeyInfo."`
	SigningKey          string `json:"signing_key,omitempty" maxLength:"256" doc:"kid or slot of the published SAML key that signs for this app, whatever else is rolled over: an old one for an app that is not ready, the next one for an app that is first. Default: the app's own key while it is active, else the shared one."`
	LegacyUntil         string `json:"legacy_until,omitempty" format:"date" doc:"The first day without SHA-1 for this app: needed for signature_algorithm rsa-sha1 and allow_sha1_requests. From then on (UTC) its sign-ins are refused until the app can do better."`
	Encrypt             string `json:"encrypt,omitempty" enum:"never,optional,required" doc:"Whether assertions are encrypted. Default never; optional: if there is a usable encryption certificate; required: refuse to answer otherwise."`
	EncryptionAlgorithm string `json:"encryption_algorithm,omitempty" enum:"aes128-gcm,aes192-gcm,aes256-gcm,aes128-cbc,aes192-cbc,aes256-cbc" doc:"Default: the first AES-GCM of the metadata, else its first AES-CBC; aes256-gcm when it names none."`

	NameID        NameIDCfg `json:"nameid,omitempty"`
	ProfileQuery  string    `json:"profile_query,omitempty" maxLength:"256" doc:"Query of the directory that gives this application's attributes, such as $/SSO/Wiki of an iMIS; default the directory's own. A directory without queries gives the usual ones."`
	Attributes    []Mapping `json:"attributes,omitempty" doc:"Default: mail, givenName, sn, displayName, uid in the urn:oid form."`
	AttributeType string    `json:"attribute_type,omitempty" enum:"string,none" doc:"xsi:type of attribute values. Default string: xs:string; none: no xsi:type."`
	SubjectID     string    `json:"subject_id,omitempty" enum:"none,subject-id,pairwise-id" doc:"The SAML subject identifier attribute that is sent beside the others. Default: what the metadata requests (subject-id:req)."`

	Audiences          []string          `json:"audiences,omitempty" doc:"Further audiences beside the entity ID."`
	OmitEntityAudience bool              `json:"omit_entity_audience,omitempty" doc:"Name audiences only, without the entity ID."`
	Recipient          string            `json:"recipient,omitempty" maxLength:"2048" doc:"Recipient of the subject confirmation. Default: the address that the answer goes to."`
	Lifetime           int64             `json:"lifetime,omitempty" minimum:"30" maximum:"86400" doc:"Seconds an assertion is valid. Default 300."`
	ClockSkew          *int64            `json:"clock_skew,omitempty" minimum:"0" maximum:"600" doc:"Seconds that the app's clock may differ from ours: a request may be that much ahead, an assertion is valid that much before now. Default 180 and 60."`
	SessionLifetime    int64             `json:"session_lifetime,omitempty" minimum:"60" maximum:"2592000" doc:"Seconds after which the app should end its own session (SessionNotOnOrAfter). Default: not said."`
	AuthnContext       string            `json:"authn_context,omitempty" maxLength:"1024" doc:"AuthnContextClassRef to state in place of the real one, such as urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified. Classes that are stronger than a password are refused."`
	OneTimeUse         bool              `json:"one_time_use,omitempty" doc:"Add the condition OneTimeUse. Shibboleth refuses it unless its security policy is changed."`
	ProxyRestriction   *ProxyRestriction `json:"proxy_restriction,omitempty" doc:"Add the condition ProxyRestriction. Shibboleth refuses it unless its security policy is changed."`
	ResponseBinding    string            `json:"response_binding,omitempty" enum:"post,redirect" doc:"How answers travel. Default post. redirect needs an acs with the binding HTTP-Redirect, and answers must be short."`

	WantAuthnRequestsSigned bool   `json:"want_authn_requests_signed,omitempty" doc:"Refuse unsigned requests even if the metadata does not promise signed ones."`
	AllowSHA1Requests       bool   `json:"allow_sha1_requests,omitempty" doc:"Accept requests that are signed with SHA-1, until legacy_until. Each is marked in its event."`
	AllowIDPInitiated       bool   `json:"allow_idp_initiated,omitempty" doc:"Off by default: an unsolicited response can be injected into a stranger's browser (login CSRF)."`
	SLOBinding              string `json:"slo_binding,omitempty" enum:"auto,redirect,post,soap" doc:"How the SP is told that a session has ended. auto (default): through the browser by the first of redirect and post that it lists, from server to server by soap where there is no browser or nothing else is listed."`
	StartURL                string `json:"start_url,omitempty" maxLength:"2048" doc:"Where the application starts a sign-in itself, with an AuthnRequest. /launch/{app} prefers it to an IdP-initiated sign-in."`
	DefaultRelayState       string `json:"default_relay_state,omitempty" maxLength:"2048" doc:"RelayState of an IdP-initiated sign-in that names none."`
	Disabled                bool   `json:"disabled,omitempty"`
	Description             string `json:"description,omitempty" maxLength:"200" doc:"One line for the page of all apps."`
	HideFromAppsPage        bool   `json:"hide_from_apps_page,omitempty" doc:"Not shown on the page of all apps."`
	Preset                  string `json:"preset,omitempty" maxLength:"64" doc:"The preset that the service provider was made from: its hand-over sheet speaks the application's own words."`

	Assigned *Assignment `json:"assigned,omitempty" doc:"Who may use the application. Left out: everybody; present but empty: nobody. It is asked at each sign-in."`
}

// NameIDCfg says how a service provider hears who a person is.
type NameIDCfg struct {
	Format          string            `json:"format,omitempty" doc:"unspecified, emailAddress, persistent, transient, X509SubjectName, WindowsDomainQualifiedName, kerberos, entity, the full URN of one, or none for a subject without name. Default: what the request or the metadata asks for, else persistent."`
	From            string            `json:"from,omitempty" doc:"Directory attribute of the NameID. Default username for unspecified, email for emailAddress; the others that are not made here have none."`
	Sources         map[string]string `json:"sources,omitempty" doc:"Directory attribute by format, for an app that asks for several: {\"kerberos\": \"krb_principal\"}."`
	NameQualifier   string            `json:"name_qualifier,omitempty" doc:"Default: our entity ID for persistent and transient, else left out. none leaves it out."`
	SPNameQualifier string            `json:"sp_name_qualifier,omitempty" doc:"Default: the app's entity ID for persistent and transient, else left out. none leaves it out. An affiliation that requests may name."`
	Encrypt         bool              `json:"encrypt,omitempty" doc:"Send an EncryptedID in place of the NameID."`
}

// ProxyRestriction limits who may issue assertions on the strength of ours (Core §2.5.1.6).
type ProxyRestriction struct {
	Count     *int     `json:"count,omitempty" minimum:"0" maximum:"10" doc:"How many further identity providers. Left out: any number."`
	Audiences []string `json:"audiences,omitempty" maxItems:"20" doc:"Who may hear of it from them. Empty: anybody."`
}
