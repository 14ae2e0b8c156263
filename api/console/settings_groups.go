package console

import (
	"reflect"
	"slices"

	"cloudsso/api"
	"cloudsso/api/presets"
	"cloudsso/idp"
)

// settingGroup is a part of the form. The first of a kind is open, the others are folded.
type settingGroup struct {
	title string
	names []string
}

// settingGroups says which settings stand together. One that is in no group is in the
// last, so that a new one is never forgotten.
func settingGroups(kind string) []settingGroup {
	switch kind {
	case presets.KindClient:
		return []settingGroup{
			{"", []string{"client_name", "redirect_uris", "post_logout_redirect_uris", "initiate_login_uri", "scope", "first_party", "claims_in_id_token"}},
			{"How the app signs people in", []string{"application_type", "grant_types", "response_types", "require_pkce", "default_max_age", "require_auth_time", "profile_query", "subject_type", "sector_identifier_uri"}},
			{"How the app shows who it is", []string{"token_endpoint_auth_method", "token_endpoint_auth_signing_alg", "jwks", "jwks_uri"}},
			{"Tokens", []string{"access_token_format", "access_token_ttl", "refresh_token_ttl", "id_token_signed_response_alg", "userinfo_signed_response_alg", "introspection_signed_response_alg", "hs_key", "resources", "resource_server_for", "introspect_all"}},
			{"Sign-out", []string{"backchannel_logout_uri", "backchannel_logout_session_required", "frontchannel_logout_uri", "frontchannel_logout_session_required"}},
			{"Signed and pushed requests", []string{"require_pushed_authorization_requests", "require_signed_request_object", "request_object_signing_alg", "request_uris"}},
			{"About the app", []string{"description", "logo_uri", "client_uri", "policy_uri", "tos_uri", "contacts", "hide_from_apps_page"}},
			{"Legacy, for apps that cannot do better", []string{"allow_implicit", "allow_password_grant", "allow_access_token_in_query", "userinfo_without_openid"}},
			{"Further settings", nil},
		}
	case presets.KindServiceProvider:
		return []settingGroup{
			{"", []string{"name", "start_url", "nameid.format", "nameid.from", "sign", "signature_algorithm"}},
			{"Sign-ins that start here", []string{"allow_idp_initiated", "default_relay_state"}},
			{"NameID", []string{"nameid.sources", "nameid.name_qualifier", "nameid.sp_name_qualifier", "nameid.encrypt", "subject_id"}},
			{"Assertions", []string{"audiences", "omit_entity_audience", "recipient", "lifetime", "clock_skew", "session_lifetime", "authn_context", "attribute_type", "profile_query", "one_time_use", "proxy_restriction.count", "proxy_restriction.audiences"}},
			{"Signatures and encryption", []string{"signing_key", "canonicalization", "omit_certificate", "encrypt", "encryption_algorithm"}},
			{"Requests and sign-out", []string{"want_authn_requests_signed", "response_binding", "slo_binding"}},
			{"About the app", []string{"description", "hide_from_apps_page"}},
			{"Legacy, for apps that cannot do better", []string{"legacy_until", "allow_sha1_requests"}},
			{"Further settings", nil},
		}
	}
	return []settingGroup{
		{"", []string{"name", "scheme", "return_url", "method", "algorithm", "start_url"}},
		{"The token", []string{"audience", "lifetime", "token_param", "profile_query"}},
		{"What travels with it", []string{"return_to_param", "return_origins", "state_param", "nonce_param"}},
		{"About the app", []string{"logo_uri", "description", "hide_from_apps_page"}},
		{"Further settings", nil},
	}
}

// settingsOfKind are the settings of a kind of app.
func settingsOfKind(kind string) []setting {
	switch kind {
	case presets.KindClient:
		return settingsOf(reflect.TypeFor[idp.ClientMetadata](), "")
	case presets.KindServiceProvider:
		return settingsOf(reflect.TypeFor[api.ServiceProviderSettings](), "")
	}
	return settingsOf(reflect.TypeFor[api.TokenAppSettings](), "")
}

// settingsForm lays the settings of a kind out, filled in with what they are now.
func settingsForm(f *Form, kind string, now map[string]any) {
	all, groups := settingsOfKind(kind), settingGroups(kind)
	var named []string
	for _, g := range groups {
		named = append(named, g.names...)
	}
	for i, g := range groups {
		var fields []Field
		for _, name := range g.names {
			if k := slices.IndexFunc(all, func(s setting) bool { return s.name == name }); k >= 0 {
				fields = append(fields, all[k].field(now))
			}
		}
		if g.names == nil {
			for _, s := range all {
				if !slices.Contains(named, s.name) {
					fields = append(fields, s.field(now))
				}
			}
		}
		switch {
		case i == 0:
			f.Fields = append(f.Fields, fields...)
		case len(fields) > 0:
			f.Folded = append(f.Folded, Section{Title: g.title, Fields: fields})
		}
	}
}
