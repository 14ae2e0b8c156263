package config

import (
	"net/mail"
	"net/url"
)

// checkOrganisation: all of it is published, and service providers refuse the whole
// metadata for one address that is none.
func (v *validator) checkOrganisation() {
	o := v.Organisation
	for key, address := range map[string]string{"url": o.URL, "privacy_url": o.PrivacyURL, "support_url": o.SupportURL, "logo_url": o.LogoURL} {
		u, err := url.Parse(address)
		if address != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(address) > 256) {
			v.fault("organisation."+key, "Expected an https address of at most 256 characters.")
		}
	}
	if a, err := mail.ParseAddress(o.TechnicalEmail); o.TechnicalEmail != "" && (err != nil || a.Address != o.TechnicalEmail) {
		v.fault("organisation.technical_email", "Expected an email address alone, such as sso@example.org.")
	}
	if o.LogoWidth < 1 || o.LogoWidth > 4096 || o.LogoHeight < 1 || o.LogoHeight > 4096 {
		v.fault("organisation.logo_width", "Expected width and height in pixels, 1 to 4096.")
	}
	if o.Name == "" && (o.Description+o.URL+o.PrivacyURL+o.LogoURL) != "" {
		v.fault("organisation.name", "It is missing, and without it nothing else of organisation is shown.")
	}
}
