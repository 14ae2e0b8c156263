package oauth

import (
	"context"
	"net/url"
	"slices"
	"strings"
)

const (
	resourceRequest = "resource" // the parameter, and where [idp.Grant.Request] keeps its values, spaces between them
	maxResources    = 20
)

// checkResource reads the resource servers that the tokens are for (RFC 8707 §2.1).
func (p *Provider) checkResource(_ context.Context, a *authorization) error {
	var err error
	a.resources, err = p.resourcesOf(a.form, a.client.Resources)
	return err
}

// resourcesOf reads the parameter resource, the only one that may repeat. Attack: a token
// for any resource that a request names, which then passes there as if it had been meant
// for it. Decision: only those that the client is registered for, and this provider.
func (p *Provider) resourcesOf(form url.Values, allowed []string) ([]string, error) {
	var out []string
	for _, sent := range form[resourceRequest] {
		u, err := url.Parse(sent)
		switch {
		case err != nil || !u.IsAbs() || strings.ContainsAny(sent, "# "):
			return nil, refuse(invalidTarget, "The parameter resource must be an absolute URI without a fragment (RFC 8707).")
		case sent != p.Issuer && !slices.Contains(allowed, sent):
			return nil, refuse(invalidTarget, "The parameter resource names a resource server that is not registered for this client.")
		case !slices.Contains(out, sent):
			out = append(out, sent)
		}
	}
	if len(out) > maxResources {
		return nil, refuse(invalidTarget, "The parameter resource is given more than %d times.", maxResources)
	}
	return out, nil
}

// grantResources writes down in a grant that begins at the token endpoint what its tokens
// are for.
func (p *Provider) grantResources(u *unit, form url.Values) error {
	resources, err := p.resourcesOf(form, u.client.Resources)
	u.keepResources(resources)
	return err
}

func (u *unit) keepResources(resources []string) {
	if len(resources) > 0 {
		u.grant.Request = set(u.grant.Request, resourceRequest, strings.Join(resources, " "))
	}
}

func set(m map[string]string, name, value string) map[string]string {
	if m == nil {
		m = make(map[string]string)
	}
	m[name] = value
	return m
}

// everyAudience is what tokens of the grant can be for: the resources of the request,
// and this provider, whose userinfo the scope openid opens or which nobody has ruled out.
func (p *Provider) everyAudience(u *unit) []string {
	all := strings.Fields(u.grant.Request[resourceRequest])
	if (len(all) == 0 || slices.Contains(u.grant.Scopes, "openid")) && !slices.Contains(all, p.Issuer) {
		all = append(all, p.Issuer)
	}
	return all
}

// allowedAudience leaves out the resources that the client may not have any more.
func (p *Provider) allowedAudience(u *unit, audience []string) []string {
	return slices.DeleteFunc(slices.Clone(audience), func(a string) bool {
		return a != p.Issuer && !slices.Contains(u.client.Resources, a)
	})
}

// narrowAudience chooses whom the access token is for: what the token request asks for,
// or all (RFC 8707 §2.2).
func (p *Provider) narrowAudience(u *unit, form url.Values) error {
	granted := p.allowedAudience(u, p.everyAudience(u))
	if len(granted) == 0 {
		return refuse(invalidTarget, "This client is not registered any more for the resource servers that the authorization is for.")
	}
	u.audience = granted
	if len(form[resourceRequest]) == 0 {
		return nil
	}
	asked, err := p.resourcesOf(form, u.client.Resources)
	if err != nil {
		return err
	}
	if len(among(asked, granted)) < len(asked) {
		return refuse(invalidTarget, "The parameter resource names a resource server that the authorization is not for.")
	}
	u.audience = asked
	return nil
}

// oneOrMany is how an audience is written (RFC 7519 §4.1.3).
func oneOrMany(audience []string) any {
	if len(audience) == 1 {
		return audience[0]
	}
	return audience
}
