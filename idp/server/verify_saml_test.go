package server_test

import (
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"cloudsso/api"
	"cloudsso/api/verify"
	"cloudsso/idp"
	"cloudsso/idp/idptest"
)

// certificateOf is a certificate whose key nobody has but a stranger.
func certificateOf(t *testing.T) string {
	t.Helper()
	_, der, err := verify.NewKeyPair(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// serviceProviderWith registers a service provider by hand.
func serviceProviderWith(t *testing.T, s *idptest.Server, policy string) (app string) {
	t.Helper()
	policy = strings.ReplaceAll(policy, "CERTIFICATE", certificateOf(t))
	var in api.NewServiceProvider
	if err := json.Unmarshal([]byte(`{"entity_id":"https://wiki.example/saml","app":"wiki"`+policy+`}`), &in); err != nil {
		t.Fatal(err)
	}
	if len(in.ACS) == 0 {
		in.ACS = []api.ACSEndpoint{{Location: "https://wiki.example/acs"}}
	}
	sp, err := s.Owner.ImportServiceProvider(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return sp.App
}

func TestATestSignInPassesWithEverySettingOfAServiceProvider(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ policy, want string }{
		"as it comes":               {``, "Signature of the response"},
		"the assertion signed":      {`,"sign":"assertion"`, "Signature of the assertion"},
		"both signed":               {`,"sign":"both","signature_algorithm":"rsa-sha512"`, "Signature of the assertion"},
		"ECDSA":                     {`,"signature_algorithm":"ecdsa-sha256","sign":"both"`, "Signature of the response"},
		"ECDSA with SHA-384":        {`,"signature_algorithm":"ecdsa-sha384"`, "Signature of the response"},
		"SHA-1 for a while":         {`,"signature_algorithm":"rsa-sha1","legacy_until":"2030-01-01"`, "Signature of the response"},
		"inclusive":                 {`,"canonicalization":"inclusive","sign":"both","omit_certificate":true`, "Signature of the assertion"},
		"signed requests":           {`,"want_authn_requests_signed":true,"sp_signing_certificates":[CERTIFICATE]`, "Key of the application"},
		"encrypted":                 {`,"encrypt":"required","sign":"both","sp_encryption_certificates":[CERTIFICATE]`, "Encryption"},
		"encrypted with CBC":        {`,"encrypt":"required","encryption_algorithm":"aes256-cbc","sp_encryption_certificates":[CERTIFICATE]`, "Encryption"},
		"an encrypted name":         {`,"nameid":{"encrypt":true},"sp_encryption_certificates":[CERTIFICATE]`, "Encrypted NameID"},
		"encrypted if possible":     {`,"encrypt":"optional"`, "Status"},
		"an email address":          {`,"nameid":{"format":"emailAddress"},"audiences":["urn:more"],"lifetime":60`, "NameID format"},
		"a transient name":          {`,"nameid":{"format":"transient"}`, "NameID format"},
		"no name":                   {`,"nameid":{"format":"none"}`, "NameID"},
		"another audience":          {`,"audiences":["urn:other"],"omit_entity_audience":true,"recipient":"https://wiki.example/other"`, "Audience"},
		"by redirect":               {`,"response_binding":"redirect","attributes":[{"name":"mail","from":"email"}],"acs":[{"location":"https://wiki.example/acs","binding":"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"}]`, "Signature of the redirect"},
		"an authentication context": {`,"authn_context":"urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified","session_lifetime":600,"one_time_use":true`, "Authentication context"},
		"a required attribute":      {`,"attributes":[{"name":"mail","from":"email","required":true}],"subject_id":"pairwise-id"`, "Required attributes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := idptest.New(t, idptest.Options{})
			s.AddUser(t, ada)
			v := tested(t, s, serviceProviderWith(t, s, c.policy))
			if !v.Passed || !strings.HasPrefix(line(v, c.want), verify.Passed) {
				t.Errorf("%s: %s%s", c.want, line(v, c.want), dump(v))
				for _, d := range v.Documents {
					t.Log(d.Text)
				}
			}
		})
	}
}

func TestATestSignInBySAMLShowsWhatIsWrong(t *testing.T) {
	t.Parallel()
	pin := func(change func(*idp.ServiceProvider)) func(t *testing.T, s *idptest.Server, app string) {
		return func(t *testing.T, s *idptest.Server, app string) {
			t.Helper()
			sp, err := s.Records.ServiceProvider(t.Context(), app)
			if err == nil {
				change(&sp)
				err = s.Records.UpdateServiceProvider(t.Context(), sp)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		policy              string
		after               func(t *testing.T, s *idptest.Server, app string)
		red, detail, advice string
	}{
		"an app that is switched off":         {`,"disabled":true`, nil, "Application", "switched off", "Switch the application on"},
		"a person who is not assigned":        {`,"assigned":{"groups":["staff"]}`, nil, "Assignment", "not assigned", "Assign the person"},
		"a required attribute without value":  {`,"attributes":[{"name":"tel","from":"phone","required":true}]`, nil, "Required values", "tel (phone)", "Fill the attribute"},
		"a name that the person has not":      {`,"nameid":{"format":"kerberos","from":"krb"}`, nil, "Status", "krb", "Read what the provider says"},
		"SHA-1 whose time has ended":          {`,"signature_algorithm":"rsa-sha1","legacy_until":"2027-01-01"`, func(_ *testing.T, s *idptest.Server, _ string) { s.Clock.Advance(50 * 24 * time.Hour) }, "Status", "signed with SHA-1 until", "Read what the provider says"},
		"no address that takes answers":       {``, pin(func(sp *idp.ServiceProvider) { sp.ACS[0].Binding = "urn:oasis:names:tc:SAML:2.0:bindings:PAOS" }), "Status", "No AssertionConsumerService", "Read what the provider says"},
		"a certificate that cannot encrypt":   {``, pin(func(sp *idp.ServiceProvider) { sp.NameID.Encrypt = true }), "Encryption certificate", "0 certificates", "Import the metadata"},
		"signed requests without certificate": {``, pin(func(sp *idp.ServiceProvider) { sp.SignsRequests = true }), "Key of the application", "0 certificates", "Import the metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := idptest.New(t, idptest.Options{})
			s.AddUser(t, ada)
			app := serviceProviderWith(t, s, c.policy)
			if c.after != nil {
				c.after(t, s, app)
			}
			isRed(t, tested(t, s, app), c.red, c.detail, c.advice)
		})
	}
}
