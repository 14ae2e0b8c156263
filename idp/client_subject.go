package idp

import (
	"encoding/json"
	"net/url"
	"slices"
)

// Pairwise reports whether people have another sub at this client than elsewhere.
func (m *ClientMetadata) Pairwise() bool { return m.SubjectType == "pairwise" }

// Sector is what the clients that see the same pairwise sub have in common: the host of
// sector_identifier_uri, or of all redirect URIs (OpenID Connect Core §8.1).
func (m *ClientMetadata) Sector() string {
	if m.SectorIdentifierURI != "" {
		return hostOf(m.SectorIdentifierURI)
	}
	if len(m.RedirectURIs) > 0 {
		return hostOf(m.RedirectURIs[0])
	}
	return ""
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func (m *ClientMetadata) checkSubject(dev bool) *Error {
	switch {
	case m.SubjectType != "public" && m.SubjectType != "pairwise":
		return badMember("subject_type", "The subject type must be public or pairwise.")
	case m.SectorIdentifierURI != "":
		if why := badFetch(m.SectorIdentifierURI, dev); why != "" {
			return badMember("sector_identifier_uri", "The address %q cannot be used: %s", m.SectorIdentifierURI, why)
		}
		return nil
	case !m.Pairwise() || !m.signsPeopleIn():
		return nil
	}
	for _, raw := range m.RedirectURIs {
		// Attack: a client that adds a redirect URI of its own to somebody else's host would
		// join their sector. Decision: one host, or the host's word (CheckSector).
		if host := hostOf(raw); host == "" || host != m.Sector() {
			return badMember("sector_identifier_uri", "A pairwise client whose redirect URIs do not all have the same host needs a sector_identifier_uri.")
		}
	}
	return nil
}

// CheckSector holds the redirect URIs against the document at sector_identifier_uri: a
// JSON array that must name each of them (OpenID Connect Registration §5).
func (m *ClientMetadata) CheckSector(document []byte) error {
	var listed []string
	if err := json.Unmarshal(document, &listed); err != nil {
		return badMember("sector_identifier_uri", "The document at sector_identifier_uri is not a JSON array of redirect URIs.").Because(err)
	}
	for _, uri := range m.RedirectURIs {
		if !slices.Contains(listed, uri) {
			return badMember("sector_identifier_uri", "The document at sector_identifier_uri does not list the redirect URI %q.", uri)
		}
	}
	return nil
}

// badFetch says why an address cannot be one that this provider fetches, "" if it can.
func badFetch(raw string, dev bool) string {
	u, why := absolute(raw)
	switch {
	case why != "":
		return why
	case u.Scheme != "https" && !(dev && u.Scheme == "http"):
		return "it must be https."
	case u.Hostname() == "":
		return "it has no host."
	}
	return ""
}
