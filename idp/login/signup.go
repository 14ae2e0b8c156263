package login

import (
	"net/http"
	"net/url"

	"cloudsso/idp"
)

// signUpAddress is where a person without an account makes one, or empty. They come back
// to the sign-in that they left, which only their browser can go on with: a stranger who
// learns the address at the other place gains nothing by it.
func (h *Handler) signUpAddress(f *idp.Flow) string {
	u, err := url.Parse(h.signUp)
	if err != nil || h.signUp == "" {
		return ""
	}
	q := u.Query()
	q.Set("return_to", h.issuer+loginPath(f.ID, hint(f)))
	u.RawQuery = q.Encode()
	return u.String()
}

// seeOther sends the browser to an address that was checked, byte for byte:
// http.Redirect would clean it.
func seeOther(w http.ResponseWriter, address string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", address)
	w.WriteHeader(http.StatusSeeOther)
}
