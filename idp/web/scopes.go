package web

// ScopeText says in plain words what a scope lets an app do.
type ScopeText struct{ Title, Detail string }

// scopeTexts are the scopes that we know, and the operator's own; the order is the page's.
func scopeTexts(scopes []string, own map[string]ScopeText) []ScopeText {
	known := map[string]ScopeText{
		"openid":         {"Know that it is you", "A stable account number that says who signed in."},
		"profile":        {"See your profile", "Your name, user name, picture, language and the like."},
		"email":          {"See your email address", ""},
		"phone":          {"See your phone number", ""},
		"address":        {"See your postal address", ""},
		"groups":         {"See which groups you belong to", ""},
		"offline_access": {"Stay connected while you are away", "It can renew its access until you or an administrator ends it."},
	}
	texts := make([]ScopeText, 0, len(scopes))
	for _, s := range scopes {
		t, ok := known[s]
		if !ok {
			t, ok = own[s]
		}
		if !ok {
			t = ScopeText{"Use the permission “" + s + "”", "The application defines what this means."}
		}
		texts = append(texts, t)
	}
	return texts
}
