package tokenapp

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"cloudsso/idp"
)

const (
	maxSSO   = 4096 // bytes of sso
	maxNonce = 256
	// nonceMemory is far longer than Discourse takes an answer for.
	nonceMemory = 24 * time.Hour
)

var errBadSig = idp.Errorf(idp.Forbidden, "The signature of the forum's request is not right. Its DiscourseConnect secret must be the shared key of this application.").On("sig")

// readDiscourse reads what the forum asks. Nothing of sso is looked at before sig fits.
func (p *Provider) readDiscourse(q *request, query url.Values) error {
	for _, name := range []string{"sso", "sig"} {
		if len(query[name]) != 1 || len(query.Get(name)) > maxSSO {
			return idp.Errorf(idp.Invalid, "The parameter %s must be there once. Open the forum itself and choose to sign in there.", name).On(name)
		}
	}
	key, err := p.sharedKey(q.app)
	if err != nil {
		return err
	}
	sso := query.Get("sso")
	sig, err := hex.DecodeString(query.Get("sig"))
	if err != nil || !hmac.Equal(sig, macOf(key, sso)) {
		return errBadSig
	}
	return q.readSSO(sso)
}

func (q *request) readSSO(sso string) error {
	raw, err := base64.StdEncoding.DecodeString(sso)
	if err != nil {
		return idp.Errorf(idp.Invalid, "The parameter sso is not base64.").On("sso").Because(err)
	}
	asked, err := url.ParseQuery(string(raw))
	if err != nil || len(asked["nonce"]) != 1 || asked.Get("nonce") == "" || len(asked.Get("nonce")) > maxNonce {
		return idp.Errorf(idp.Invalid, "The parameter sso holds no nonce.").On("sso")
	}
	// Attack: whoever can have something signed by the forum sends the answer elsewhere.
	// Decision: what the forum names must be the address that is registered.
	if to := asked["return_sso_url"]; len(to) > 1 || len(to) == 1 && to[0] != q.app.ReturnURL {
		return idp.Errorf(idp.Invalid, "The forum wants its answer at another address than the registered return_url.").On("return_sso_url")
	}
	q.nonce, q.passive = asked.Get("nonce"), asked.Get("prompt") == "none"
	return nil
}

func macOf(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// discourseFields flattens claims into the forum's words. Attack: the forum takes an
// address for proven and hands the account of that address to whoever has it in a
// directory where people write it themselves. Decision: unless the directory says that it
// was verified, or the mapping says require_activation, the forum is told to prove it.
func discourseFields(said map[string]any, person idp.Person) (map[string]string, error) {
	out := map[string]string{}
	flatten(out, "", said)
	if out["email"] == "" {
		return nil, idp.Errorf(idp.Forbidden, "The forum needs an e-mail address, and your account has none. Please ask your administrator to fill it in.").On("email")
	}
	if out["external_id"] == "" {
		out["external_id"] = person.Subject
	}
	if verified := person.Attributes.First("email_verified"); out["require_activation"] == "" && !strings.EqualFold(verified, "true") {
		out["require_activation"] = "true"
	}
	delete(out, "nonce")
	return out, nil
}

func flatten(out map[string]string, name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for member, value := range v {
			flatten(out, strings.TrimPrefix(name+"."+member, "."), value)
		}
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = fmt.Sprint(item)
		}
		out[name] = strings.Join(parts, ",")
	default:
		out[name] = fmt.Sprint(v)
	}
}

// sealDiscourse answers a nonce, exactly once.
func (p *Provider) sealDiscourse(ctx context.Context, q *request, fields map[string]string) (answer, error) {
	key, err := p.sharedKey(q.app)
	if err != nil {
		return answer{}, err
	}
	err = p.Marks.SeenOnce(ctx, "discourse-nonce:"+q.app.App+":"+idp.HashSecret(q.nonce), p.Now().Add(nonceMemory))
	if errors.Is(err, idp.ErrReplayed) {
		return answer{}, idp.Errorf(idp.Expired, "This sign-in was used already. Start again at the forum.").On("sso").Because(err)
	}
	if err != nil {
		return answer{}, err
	}
	values, a := url.Values{"nonce": {q.nonce}}, answer{id: idp.NewID(), said: map[string]any{}}
	for name, value := range fields {
		values.Set(name, value)
		a.said[name] = value
	}
	sso := base64.StdEncoding.EncodeToString([]byte(values.Encode()))
	a.fields = []field{{"sso", sso}, {"sig", hex.EncodeToString(macOf(key, sso))}}
	return a, nil
}
