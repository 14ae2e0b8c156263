package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

func jsonDocument(ctx context.Context, o AppsMaker, p pasted) *Recognised {
	if !strings.HasPrefix(p.text, "{") && !strings.HasPrefix(p.text, "[") {
		return nil
	}
	var v any
	if err := unmarshalExact([]byte(p.text), &v); err != nil {
		return &Recognised{What: fmt.Sprintf("This looks like JSON, and cannot be read: %s.", err), Missing: "Copy the whole document."}
	}
	doc, _ := v.(map[string]any)
	switch {
	case doc == nil:
		return &Recognised{What: "This is a JSON list.", Missing: "Client metadata is one object, with redirect_uris in it."}
	case text(doc, "issuer") != "" && (doc["authorization_endpoint"] != nil || doc["token_endpoint"] != nil):
		return o.discovery(doc)
	case doc["keys"] != nil:
		return keySet(p, doc)
	case doc["kty"] != nil:
		return keySet(p, map[string]any{"keys": []any{doc}})
	case doc["redirect_uris"] != nil || doc["grant_types"] != nil || doc["client_name"] != nil || doc["token_endpoint_auth_method"] != nil:
		return o.clientMetadata(ctx, doc)
	}
	return &Recognised{What: fmt.Sprintf("This is JSON with the members %.200s, and no client metadata.", strings.Join(slices.Sorted(maps.Keys(doc)), ", ")),
		Missing: "Client metadata has redirect_uris (RFC 7591)."}
}

func text(doc map[string]any, name string) string { s, _ := doc[name].(string); return s }

// discovery describes an identity provider: people paste the wrong side's document.
func (o AppsMaker) discovery(doc map[string]any) *Recognised {
	if issuer := strings.TrimSuffix(text(doc, "issuer"), "/"); issuer == o.Issuer {
		return &Recognised{What: "This is our own discovery document. Its address goes to the app, not here.", Missing: "Ask for the redirect URI of the app."}
	}
	return &Recognised{What: fmt.Sprintf("This is the discovery document of %.200s: of an identity provider, which signs people in, as we do.", text(doc, "issuer")),
		Missing: "If that product should sign people in here, ask for its redirect URI (also called callback URL): it is in its settings for single sign-on. If its people should sign in here, set it up as a directory."}
}

func keySet(p pasted, doc map[string]any) *Recognised {
	list, _ := doc["keys"].([]any)
	for _, k := range list {
		if k, _ := k.(map[string]any); k["d"] != nil || k["k"] != nil {
			return foundPrivateKey()
		}
	}
	settings := map[string]any{"jwks": doc}
	if p.at != "" {
		settings = map[string]any{"jwks_uri": p.at}
	}
	settings["token_endpoint_auth_method"] = "private_key_jwt"
	return &Recognised{What: fmt.Sprintf("This is a key set with %d keys: the app shows who it is with a key of its own, in place of a secret (private_key_jwt).", len(list)),
		Missing: "The redirect URI of the app.", App: &NewApp{Preset: "web-app", Settings: settings}}
}

// clientMetadata is RFC 7591's: what fits goes into the form of the nearest preset, the
// rest beside it.
func (o AppsMaker) clientMetadata(ctx context.Context, doc map[string]any) *Recognised {
	if id := text(doc, "client_id"); id != "" {
		if _, err := o.Records.Client(ctx, id); err == nil {
			return &Recognised{What: fmt.Sprintf("This is the metadata of the client %.100s, which is registered already.", id), Missing: "Open that app to change it.", Known: id}
		}
	}
	app := &NewApp{Preset: presetFor(doc), Name: text(doc, "client_name"), Answers: map[string]string{}, Settings: map[string]any{}}
	var left []string
	for name, value := range doc {
		switch {
		case value == nil || slices.Contains([]string{"client_name", "client_id", "client_secret"}, name):
		case name == "redirect_uris" && app.Preset != "machine":
			app.Answers["redirects"] = lines(value)
		case name == "client_uri" && app.Preset == "web-app":
			app.Answers["start"] = text(doc, name)
		case !o.schemas.knows(NewClient{}, name):
			left = append(left, name)
		default:
			app.Settings[name] = value
		}
	}
	r := &Recognised{What: "This is the metadata of an OpenID Connect or OAuth 2 client (RFC 7591).", App: app}
	if app.Answers["redirects"] == "" && app.Preset != "machine" {
		r.Missing = "The redirect URIs of the app."
	}
	if len(left) > 0 {
		slices.Sort(left)
		r.What += fmt.Sprintf(" Left out, because nothing here depends on it: %.200s.", strings.Join(left, ", "))
	}
	return r
}

// presetFor is the generic preset that is nearest to client metadata.
func presetFor(doc map[string]any) string {
	grants := strings.Fields(lines(doc["grant_types"]))
	switch {
	case len(grants) > 0 && !slices.ContainsFunc(grants, func(g string) bool { return g != "client_credentials" }):
		return "machine"
	case text(doc, "application_type") == "native":
		return "native-app"
	case text(doc, "token_endpoint_auth_method") == "none":
		return "single-page-app"
	}
	return "web-app"
}

// lines writes a list of texts as a form has it.
func lines(v any) string {
	list, _ := v.([]any)
	var out []string
	for _, item := range list {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return strings.Join(out, "\n")
}

// knows reports whether a body of v's type has a member of this name.
func (s *schemas) knows(v any, name string) bool {
	schema := s.of(v)
	if schema.Ref != "" {
		schema = s.registry().SchemaFromRef(schema.Ref)
	}
	return schema.Properties[name] != nil
}

// SettingsText is the JSON form of settings that a form shows, "" without any.
func (n NewApp) SettingsText() string {
	if len(n.Settings) == 0 {
		return ""
	}
	b, err := json.MarshalIndent(n.Settings, "", "  ")
	if err != nil {
		return ""
	}
	return string(b)
}
