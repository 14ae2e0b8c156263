package main

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
	"cloudsso/idp/config"
	"cloudsso/idp/demo"
	"cloudsso/keys"
)

const (
	demoClient    = "demo-rp"
	demoSP        = "demo-sp"
	demoDirectory = "demo"
)

// setUpDemo does what an admin would: it adds the demo directory and registers the two
// demo applications. They get a fresh secret and fresh metadata at every start.
func (p *program) setUpDemo(ctx context.Context, c config.Config, s stores, kek *keys.KEK) (config.Config, http.Handler, error) {
	imis := demo.NewIMIS(c.Issuer)
	c, err := withDemoPeople(c, imis)
	if err != nil {
		return c, nil, err
	}
	ring, err := keys.Open(ctx, s.records, kek, p.now)
	if err != nil {
		return c, nil, err
	}
	admin, err := p.admin(c, s, ring)
	if err != nil {
		return c, nil, err
	}
	owner := admin.Local("demo")
	secret, err := demoRelyingParty(ctx, owner, c.Issuer)
	if err != nil {
		return c, nil, err
	}
	d, err := demo.New(demo.Options{Issuer: c.Issuer, ClientID: demoClient, ClientSecret: secret, HTTP: &http.Client{Timeout: 10 * time.Second}, IMIS: imis})
	if err != nil {
		return c, nil, err
	}
	if err := demoOwner(ctx, owner, s.records); err != nil {
		return c, nil, err
	}
	return c, d, demoServiceProvider(ctx, owner, c.Issuer, d.SPMetadata())
}

// withDemoPeople writes the demo's people into the data folder, once, so that whoever
// tries things out can edit them, and puts them, and then the fake iMIS, before the other
// directories.
func withDemoPeople(c config.Config, imis *demo.IMIS) (config.Config, error) {
	path := filepath.Join(c.Data, "demo-users.yaml")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = f.Write(demo.Users())
		err = errors.Join(err, f.Close())
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return c, err
	}
	people := config.Directory{ID: demoDirectory, Kind: config.KindFile, Path: path}
	members := config.Directory{ID: "demo-imis", Kind: config.KindIMIS, IMIS: &config.IMIS{
		BaseURL: imis.BaseURL, Username: imis.Username, Password: config.Secret(imis.Password), IDColumn: "ID", IDQuery: imis.IDQuery, GroupsColumn: "Committees",
	}}
	c.Directories = append([]config.Directory{people, members}, c.Directories...)
	return c, nil
}

// demoOwner lets ada into the console. A role that somebody gave her since stays.
func demoOwner(ctx context.Context, owner *api.Owner, records idp.Records) error {
	subject, err := records.Subject(ctx, demoDirectory, "ada", idp.NewID())
	if err != nil {
		return err
	}
	if _, err := records.Admin(ctx, subject); !errors.Is(err, idp.ErrNotFound) {
		return err
	}
	_, err = owner.CreateAdmin(ctx, api.NewAdmin{Subject: subject, AdminSettings: api.AdminSettings{Role: api.RoleOwner}})
	return err
}

func demoRelyingParty(ctx context.Context, owner *api.Owner, issuer string) (secret string, err error) {
	if err := owner.DeleteClient(ctx, demoClient, ""); err != nil && idp.AsError(err).Code != idp.NotFound {
		return "", err
	}
	c, err := owner.CreateClient(ctx, api.NewClient{ClientID: demoClient, ClientMetadata: idp.ClientMetadata{
		ClientName: "Demo relying party", RedirectURIs: []string{demo.RedirectURI(issuer)}, ClientURI: issuer + "/demo/",
		GrantTypes: []string{"authorization_code", "refresh_token"}, InitiateLoginURI: demo.LoginURI(issuer), Description: "Shows its ID token and what userinfo says",
	}})
	return c.ClientSecret, err
}

func demoServiceProvider(ctx context.Context, owner *api.Owner, issuer string, metadata []byte) error {
	in := api.NewServiceProvider{MetadataXML: string(metadata)}
	in.Name, in.AllowIDPInitiated = "Demo service provider", true
	in.StartURL, in.Description = demo.SPLoginURL(issuer), "Shows the assertion that it gets"
	_, err := owner.ReplaceServiceProvider(ctx, demoSP, in, "")
	if err != nil && idp.AsError(err).Code == idp.NotFound {
		in.App = demoSP
		_, err = owner.ImportServiceProvider(ctx, in)
	}
	return err
}
