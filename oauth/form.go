package oauth

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// readForm returns the parameters of a request: of the query, and of the body of a POST.
// It looks at nothing but their encoding, and refuses what two readers could understand
// differently.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	query := r.URL.RawQuery
	if r.Method == http.MethodPost {
		body, err := readBody(w, r)
		if err != nil {
			return nil, err
		}
		query = strings.Trim(query+"&"+body, "&")
	}
	return parseForm(query)
}

// parseForm looks at nothing but the encoding.
func parseForm(query string) (url.Values, error) {
	if len(query) > maxForm {
		return nil, tooLarge()
	}
	form, err := url.ParseQuery(query)
	if err != nil {
		return nil, refuse(invalidRequest, "The parameters are not well-formed: encode them as application/x-www-form-urlencoded.").because(err)
	}
	for name, values := range form {
		if !text(name) || slices.ContainsFunc(values, func(v string) bool { return !text(v) }) {
			return nil, refuse(invalidRequest, "A parameter is not text in UTF-8.")
		}
	}
	return form, nil
}

func text(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func readBody(w http.ResponseWriter, r *http.Request) (string, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		// multipart would be spooled to disk by whoever parses it.
		return "", refuse(invalidRequest, "The body must be application/x-www-form-urlencoded.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return "", tooLarge()
	}
	if err != nil {
		return "", refuse(invalidRequest, "The body could not be read to its end.").because(err)
	}
	return string(body), nil
}

func tooLarge() *fault {
	e := refuse(invalidRequest, "The parameters are larger than 64 KiB.")
	e.status = http.StatusRequestEntityTooLarge
	return e
}

// single refuses parameters that come twice (RFC 6749 §3.1, §3.2): the one that is
// checked might not be the one that is used. resource may repeat (RFC 8707 §2).
func single(form url.Values) error {
	var double []string
	for name, values := range form {
		if len(values) > 1 && name != "resource" {
			double = append(double, name)
		}
	}
	if double == nil {
		return nil
	}
	name := slices.Min(double)
	if len(name) > 40 {
		name = name[:40] + "..."
	}
	return refuse(invalidRequest, "The parameter '%s' is given more than once.", name)
}
