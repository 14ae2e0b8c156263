package samlidp

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"time"

	"cloudsso/idp"
	"cloudsso/samlidp/dsig"
	"cloudsso/samlidp/md"
	"cloudsso/samlidp/msg"
	"cloudsso/samlidp/wire"
	"cloudsso/samlidp/xenc"
)

// maxAge is how old a request may be when it arrives, by our clock.
const maxAge = 5 * time.Minute

// request is one sign-in as far as the checks have understood it.
type request struct {
	in   *received
	wire *wire.Message
	root *wire.Element
	msg  *msg.AuthnRequest // nil when IdP-initiated
	sp   idp.ServiceProvider

	acs        idp.Endpoint // from here on (Location is set) refusals go to the application
	relayState string
	relayed    bool
	format     string       // NameID format decided
	class      string       // authentication context class decided
	subject    *msg.Subject // whom the application expects, decrypted
	wanted     []string     // names of the attributes it asks for by index; nil: all that are set up
	encryptID  bool
	sealer     *xenc.Sealer // of the assertion; nil: it goes in the clear
	idSealer   *xenc.Sealer // of the NameID
	weak       bool         // the request was signed with SHA-1
}

// entityID of the application, "" while nobody has named one.
func (q *request) entityID() string {
	if q.sp.EntityID == "" && q.msg != nil {
		return q.msg.Issuer
	}
	return q.sp.EntityID
}

// id of the message that is answered, "" when there is none.
func (q *request) id() string {
	if q.msg == nil {
		return ""
	}
	return q.msg.ID
}

// check is one step of the list, and its name in traces.
type check struct {
	name string
	run  func(context.Context, *request) error
}

// accept runs every check in order. With first, the request has just arrived: its
// replay mark is set. Afterwards, on the stored request, the mark is there and its own. The
// request comes back even with an error, as far as it was understood.
func (p *Provider) accept(ctx context.Context, in *received, first bool) (*request, error) {
	q := &request{in: in}
	for _, c := range p.checks(in, first) {
		err := c.run(ctx, q)
		p.traceCheck(ctx, q, c.name, first, err)
		if err != nil {
			return q, err
		}
	}
	return q, nil
}

func (p *Provider) checks(in *received, first bool) []check {
	acs, legacy, class := check{"address for the answer", p.chooseACS}, check{"SHA-1", p.checkLegacy}, check{"authentication context", p.chooseContext}
	format, encryption := check{"NameID format", p.chooseFormat}, check{"encryption", p.checkEncryption}
	if in.App != "" {
		return []check{{"application", p.lookUpApp}, acs, legacy, class, format, encryption}
	}
	checks := []check{
		{"message", p.read}, {"application", p.lookUp}, {"signature", p.checkSignature},
		{"Version", p.checkVersion}, {"Destination", p.checkDestination}, {"IssueInstant", p.checkTime},
	}
	if first {
		checks = append(checks, check{"used once", p.checkReplay})
	}
	return append(checks, acs, legacy, check{"Scoping", p.checkScoping}, check{"Subject", p.checkSubject}, class, check{"attributes asked for", p.chooseAttributes}, format, encryption)
}

func (p *Provider) read(_ context.Context, q *request) (err error) {
	if q.wire, err = q.in.message(); err != nil {
		return err
	}
	q.relayState, q.relayed = q.wire.RelayState, q.wire.Relayed
	if q.root, err = wire.Parse(q.wire.XML); err != nil {
		return err
	}
	q.msg, err = msg.DecodeAuthnRequest(q.root)
	return err
}

// lookUp finds who asks. Unknown and switched off look the same from outside: S24.
func (p *Provider) lookUp(ctx context.Context, q *request) error {
	sp, err := p.records.ServiceProviderByEntityID(ctx, q.msg.Issuer)
	if errors.Is(err, idp.ErrNotFound) {
		return notHere(q.msg.Issuer).Because(err)
	}
	if err != nil {
		return err
	}
	q.sp = sp
	idp.TraceAbout(ctx, idp.About{App: sp.App})
	idp.Note(ctx, slog.String("app", sp.App))
	if sp.Disabled {
		return notHere(q.msg.Issuer).Because(errors.New("the service provider is disabled"))
	}
	return p.stale(sp)
}

// stale: what somebody's signature vouched for until a day counts no longer after it (S19; Metadata §2.3.1).
func (p *Provider) stale(sp idp.ServiceProvider) error {
	if !sp.Source.Signed() || sp.Source.ValidUntil.IsZero() || p.now().Before(sp.Source.ValidUntil.Add(md.Skew)) {
		return nil
	}
	return idp.Errorf(idp.Forbidden, "What is known about the application %.200q was valid until %s, and no newer metadata could be fetched. Its administrator should look at where its metadata comes from.",
		sp.Name, sp.Source.ValidUntil.Format("2 January 2006 15:04 UTC")).On("Issuer")
}

func notHere(entityID string) *idp.Error {
	return idp.Errorf(idp.Forbidden, "The application that sent you here calls itself %.200q. No application of that name can sign people in here: it is not registered, or it is switched off.", entityID).On("Issuer")
}

// checkSignature: a signature that is there must verify, whatever the policy; one that
// is promised or demanded must be there (S02; saml2int SDP-IDP04, 05).
func (p *Provider) checkSignature(_ context.Context, q *request) error {
	detached := len(q.wire.Signature) > 0 || q.wire.SigAlg != ""
	enveloped := dsig.Signed(q.root)
	if detached || enveloped {
		keys, err := dsig.PublicKeys(q.sp.SigningCerts)
		if err != nil {
			return idp.Errorf(idp.Invalid, "The request is signed, but no certificate is registered here to check it with. The application's administrator should have its metadata with a signing certificate imported.").Because(err)
		}
		if enveloped {
			if err := p.verify(q, func(r dsig.Rules) error { return r.Verify(q.root, keys) }); err != nil {
				return err
			}
		}
		if detached {
			if err := p.verify(q, func(r dsig.Rules) error { return r.VerifyQuery(q.wire, keys) }); err != nil {
				return err
			}
		}
	}
	// A signature inside a redirected message does not cover RelayState: not the one that is asked for here.
	if (q.sp.SignsRequests || q.sp.WantAuthnRequestsSigned) && !detached && (!enveloped || q.wire.Binding == wire.BindingRedirect) {
		return idp.Errorf(idp.Invalid, "The request is not signed, and this application's requests must be. Its administrator should switch on the signing of AuthnRequests.").On("Signature")
	}
	return nil
}

// verify lets SHA-1 pass where an admin allows it for the time being, and notes that it did (S14).
func (p *Provider) verify(q *request, verify func(dsig.Rules) error) error {
	err := verify(dsig.Rules{})
	if err != nil && q.sp.AllowSHA1Requests && !p.legacyOver(q.sp) && verify(dsig.Rules{SHA1: true}) == nil {
		q.weak = true
		return nil
	}
	return err
}

func (q *request) signed() bool { return len(q.wire.Signature) > 0 || dsig.Signed(q.root) }

func (p *Provider) checkVersion(_ context.Context, q *request) error {
	if q.msg.Version != "2.0" {
		return q.root.Errorf("the attribute Version must be 2.0.")
	}
	return nil
}

// checkDestination compares with the configured address, never with the Host header: S11.
// A signed message must name it (Bindings §3.4.5.2, §3.5.5.2).
func (p *Provider) checkDestination(_ context.Context, q *request) error {
	switch {
	case q.msg.Destination == p.ssoURL, q.msg.Destination == "" && !q.signed():
		return nil
	case q.msg.Destination == "":
		return q.root.Errorf("the request is signed, so it must have a Destination: %s.", p.ssoURL)
	}
	return q.root.Errorf("the Destination is not our address, which is %s.", p.ssoURL)
}

// checkTime measures the message with our clock, at the moment it arrived: S13.
func (p *Provider) checkTime(_ context.Context, q *request) error {
	return recent("request to sign in", q.root, q.msg.IssueInstant, q.in.At, q.sp)
}

// recent refuses a message that is too old, or of a time to come.
func recent(what string, root *wire.Element, issued, at time.Time, sp idp.ServiceProvider) error {
	switch age := at.Sub(issued); {
	case age < -clockSkew(sp):
		return root.Errorf("the IssueInstant is in the future. Our time was %s when the message arrived; the clock of the application's server is wrong.", at.Format(time.RFC3339))
	case age > maxAge:
		return idp.Errorf(idp.Expired, "The %s is more than %d minutes old. Start again at the application. If this happens every time, the clock of the application's server is slow; our time was %s.", what, int(maxAge.Minutes()), at.Format(time.RFC3339))
	}
	return nil
}

func clockSkew(sp idp.ServiceProvider) time.Duration {
	if sp.ClockSkew != nil {
		return time.Duration(*sp.ClockSkew) * time.Second
	}
	return md.Skew
}

// checkReplay lets every request in once (S12).
func (p *Provider) checkReplay(ctx context.Context, q *request) error {
	return p.once(ctx, "request to sign in", q.sp.App, q.msg.ID, q.msg.IssueInstant)
}

// once notes a message of an app. Without an answer from the store nobody gets in.
func (p *Provider) once(ctx context.Context, what, app, id string, issued time.Time) error {
	sum := sha256.Sum256([]byte(id))
	err := p.marks.SeenOnce(ctx, "saml/req/"+app+"/"+base64.RawURLEncoding.EncodeToString(sum[:]), issued.Add(maxAge+time.Second))
	if errors.Is(err, idp.ErrReplayed) {
		return idp.Errorf(idp.Expired, "This %s was used before; each works once. Start again at the application.", what).Because(err)
	}
	return err
}

// checkLegacy ends SHA-1 on its day, before anybody types a password (S14).
func (p *Provider) checkLegacy(_ context.Context, q *request) error {
	if q.sp.SignatureAlgorithm == "rsa-sha1" && p.legacyOver(q.sp) {
		return responder(subRequestUnsupported, "Answers to this application were signed with SHA-1 until %s. An administrator must choose another signature algorithm for it.", q.sp.LegacyUntil)
	}
	return nil
}
