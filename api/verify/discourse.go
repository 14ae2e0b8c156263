package verify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"cloudsso/idp"
)

// question is what a forum asks with: sso and sig of DiscourseConnect.
func (v *tokenVisit) question(returnTo string) url.Values {
	v.nonce = idp.NewSecret()
	sso := base64.StdEncoding.EncodeToString([]byte(url.Values{"nonce": {v.nonce}, "return_sso_url": {returnTo}}.Encode()))
	return url.Values{"sso": {sso}, "sig": {hex.EncodeToString(v.mac(sso))}}
}

func (v *tokenVisit) mac(text string) []byte {
	h := hmac.New(sha256.New, v.SharedKey)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// checkForum reads the answer as Discourse does.
func (v *tokenVisit) checkForum(ctx context.Context, fields url.Values) error {
	sig, err := hex.DecodeString(fields.Get("sig"))
	ok := err == nil && hmac.Equal(sig, v.mac(fields.Get("sso")))
	if v.check(ok, "Signature", "HMAC-SHA256 of sso with the shared key, in hexadecimal", word(ok, "verified", "another"), "The forum would refuse this answer. Report this, with the support code.") {
		v.checkPayload(fields.Get("sso"))
	}
	return v.checkForgeries(ctx)
}

func (v *tokenVisit) checkPayload(sso string) {
	raw, err := base64.StdEncoding.DecodeString(sso)
	said := url.Values{}
	if err == nil {
		said, err = url.ParseQuery(string(raw))
	}
	if !v.check(err == nil, "Payload", "base64 of a query", textOf(err, "base64 of a query"), "Report this: the forum cannot read the answer.") {
		return
	}
	shown := map[string]string{}
	twice := []string{}
	for name, values := range said {
		shown[name] = strings.Join(values, " | ")
		if len(values) > 1 {
			twice = append(twice, name)
		}
	}
	v.show("payload", "json", pretty(shown))
	slices.Sort(twice)
	v.equal("Names of the payload", "each once", word(len(twice) == 0, "each once", "more than once: "+strings.Join(twice, ", ")), "Report this: two readers would read two things.")
	v.equal("nonce", "the nonce of the request", word(said.Get("nonce") == v.nonce, "the nonce of the request", "another"), "Report this: the forum takes no answer to another question.")
	v.check(said.Get("external_id") != "", "external_id", "a value", said.Get("external_id"), "Report this: the forum does not know who signs in.")
	_, err = mail.ParseAddress(said.Get("email"))
	v.check(err == nil, "email", "an e-mail address", said.Get("email"), "Look at the row email of the mapping, and at the person in the directory: the forum takes nobody without an address.")
	v.checkForumPerson(said)
	v.required(v.App.Claims, func(name string) bool { return said.Get(name) != "" })
}

// forumFlags are read by the forum as true or false; it takes anything else for neither.
var forumFlags = [...]string{"admin", "moderator", "require_activation", "suppress_welcome_message", "avatar_force_update"}

func (v *tokenVisit) checkForumPerson(said url.Values) {
	if said.Has("username") {
		v.check(strings.TrimSpace(said.Get("username")) != "", "username", "a value", said.Get("username"), "Look at the row username of the mapping.")
	} else {
		v.skip("username", "The mapping has none: the forum makes one of the name or the address.")
	}
	var wrong []string
	for _, name := range forumFlags {
		if value := said.Get(name); said.Has(name) && value != "true" && value != "false" {
			wrong = append(wrong, name+"="+value)
		}
	}
	v.check(len(wrong) == 0, "Flags", "true or false", word(len(wrong) == 0, "true or false", strings.Join(wrong, ", ")), "Have the mapping give the words true or false: the forum takes anything else for nothing.")
	// Attack: somebody writes another's address into their profile and gets that account of the forum.
	proven := strings.EqualFold(v.Person.Attributes.First("email_verified"), "true")
	if proven || slices.ContainsFunc(v.App.Claims, func(row idp.Mapping) bool { return row.Name == "require_activation" }) {
		v.skip("require_activation", "The directory knows that the address is the person's, or the mapping says what the forum is told.")
		return
	}
	v.equal("require_activation", "true", said.Get("require_activation"), "Report this: the forum would take an address for proven that is not.")
}

// checkForgeries asks as somebody else than the forum would.
func (v *tokenVisit) checkForgeries(ctx context.Context) error {
	if err := v.mustRefuse(ctx, "The same question again", "it is refused", v.asked, "Report this: an answer could be had twice."); err != nil {
		return err
	}
	if err := v.mustRefuse(ctx, "Another return_sso_url", "it is refused", v.question("https://elsewhere.invalid/session/sso_login"), "Report this: people can be led elsewhere, signed in."); err != nil {
		return err
	}
	forged := v.question(v.App.ReturnURL)
	forged.Set("sig", strings.Repeat("00", sha256.Size))
	return v.mustRefuse(ctx, "A question that somebody else signed", "it is refused", forged, "Report this: anybody can ask in the forum's name.")
}
