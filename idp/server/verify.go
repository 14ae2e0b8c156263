package server

import (
	"context"
	"errors"
	"net/http"

	"cloudsso/api"
	"cloudsso/api/verify"
	"cloudsso/idp"
	"cloudsso/idp/mapping"
	"cloudsso/idp/tokenapp"
	"cloudsso/samlidp"
)

// verifiers play the applications in test sign-ins, on a stage of their provider.
func (s *Server) verifiers() api.Verifiers {
	return api.Verifiers{Client: s.verifyClient, ServiceProvider: s.verifyServiceProvider, TokenApp: s.verifyTokenApp}
}

func (s *Server) verifyClient(ctx context.Context, c idp.Client, who idp.Answer, subject string) (verify.Report, error) {
	rp, err := s.relyingParty(ctx, c, who, subject)
	if err != nil {
		return verify.Report{}, err
	}
	return rp.SignIn(ctx)
}

func (s *Server) relyingParty(ctx context.Context, c idp.Client, who idp.Answer, subject string) (*verify.RelyingParty, error) {
	person, err := s.tested(ctx, subject, c.ProfileQuery)
	if err != nil {
		return nil, err
	}
	keys, err := verify.NewKeys(c)
	if err != nil {
		return nil, err
	}
	jwks, err := keys.Public()
	if err != nil {
		return nil, err
	}
	stage, err := s.oauth.Rehearse(c, jwks, s.rehearsal(who))
	if err != nil {
		return nil, err
	}
	_, err = mapping.Claims(c.ClaimsMapping, person)
	return &verify.RelyingParty{
		Issuer: s.options.Config.Issuer, Client: c, Person: person, Missing: missingRow(err),
		Endpoints: stage.Endpoints, Secret: stage.Secret, SharedKeys: stage.SharedKeys, Keys: keys, Now: s.now,
	}, nil
}

func (s *Server) verifyServiceProvider(ctx context.Context, sp idp.ServiceProvider, who idp.Answer, subject string) (verify.Report, error) {
	v, err := s.serviceProvider(ctx, sp, who, subject)
	if err != nil {
		return verify.Report{}, err
	}
	return v.SignIn(ctx)
}

func (s *Server) serviceProvider(ctx context.Context, sp idp.ServiceProvider, who idp.Answer, subject string) (*verify.ServiceProvider, error) {
	person, err := s.tested(ctx, subject, sp.ProfileQuery)
	if err != nil {
		return nil, err
	}
	key, certificate, err := verify.NewKeyPair(s.now())
	if err != nil {
		return nil, err
	}
	in := samlidp.StandIn{Certificate: certificate, Key: key}
	stage := s.saml.Rehearse(sp, in, s.rehearsal(who))
	_, err = mapping.Attributes(sp.Attributes, person)
	return &verify.ServiceProvider{
		Issuer: s.options.Config.Issuer, App: sp, Person: person, Missing: missingRow(err),
		Endpoints: stage.Endpoints, Encrypts: stage.Encrypts, Key: key, Open: in.Open, Now: s.now,
	}, nil
}

func (s *Server) verifyTokenApp(ctx context.Context, app idp.TokenApp, who idp.Answer, subject string) (verify.Report, error) {
	v, err := s.tokenApp(ctx, app, who, subject)
	if err != nil {
		return verify.Report{}, err
	}
	return v.SignIn(ctx)
}

func (s *Server) tokenApp(ctx context.Context, app idp.TokenApp, who idp.Answer, subject string) (*verify.TokenApp, error) {
	person, err := s.tested(ctx, subject, app.ProfileQuery)
	if err != nil {
		return nil, err
	}
	stage := s.tokens.Rehearse(app, s.rehearsal(who))
	mux := http.NewServeMux()
	mux.Handle(tokenapp.Path, stage.Endpoints)
	mux.HandleFunc("GET /oauth2/jwks", s.oauth.JWKS)
	_, err = mapping.Claims(app.Claims, person)
	return &verify.TokenApp{
		Issuer: s.options.Config.Issuer, App: app, Person: person, Missing: missingRow(err), Endpoints: mux, SharedKey: stage.SharedKey,
		PublicKey: func() string { return s.admin.PublicKey(app.Algorithm) }, Now: s.now,
	}, nil
}

func (s *Server) rehearsal(who idp.Answer) *idp.Rehearsal {
	return &idp.Rehearsal{Answer: who, Keys: s.events}
}

// tested is the person as the app would hear of them.
func (s *Server) tested(ctx context.Context, subject, profile string) (idp.Person, error) {
	person, err := s.users.PersonFor(ctx, subject, profile)
	if errors.Is(err, idp.ErrNotFound) {
		return idp.Person{Subject: subject, Status: idp.Gone}, nil
	}
	return person, err
}

// missingRow is err if a required row has no value. Whatever else is wrong the sign-in runs into itself.
func missingRow(err error) error {
	if found := new(mapping.MissingError); errors.As(err, &found) {
		return found
	}
	return nil
}
