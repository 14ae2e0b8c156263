package oauth

import "net/http"

// cors lets scripts of any origin read the answer, and answers preflights: done. None
// of these endpoints looks at cookies, and * never goes with credentials, so a script
// gets nothing that its own server could not get; what protects a code is PKCE, and what
// protects a token is that only its holder has it. Reflecting origins that a request
// names itself (CVE-2026-37977) or keeping a list per client would protect no more.
func cors(w http.ResponseWriter, r *http.Request, methods string) (done bool) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	if r.Method != http.MethodOptions {
		h.Set("Access-Control-Expose-Headers", "WWW-Authenticate")
		return false
	}
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
	return true
}
