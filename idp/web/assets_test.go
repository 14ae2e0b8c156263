package web_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func asset(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	newPages(t, "").Assets().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w
}

// linked are the assets that the pages name.
func linked(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, page := range every(newPages(t, ""), "x") {
		w, _ := render(t, page)
		for _, m := range regexp.MustCompile(`/assets/[^"]*`).FindAllString(w.Body.String(), -1) {
			found[m] = true
		}
	}
	return found
}

func TestAssetsAreThereForEver(t *testing.T) {
	t.Parallel()
	types := map[string]string{"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
	links := linked(t)
	if len(links) != 3 {
		t.Errorf("pages name %d assets: %v", len(links), links)
	}
	for link := range links {
		m := regexp.MustCompile(`^/assets/[a-z]+\.[0-9a-f]{12}\.(css|js|svg)$`).FindStringSubmatch(link)
		if m == nil {
			t.Errorf("%s has no hash in its name", link)
			continue
		}
		w := asset(t, link)
		if w.Code != 200 || w.Header().Get("Content-Type") != types[m[1]] || w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || w.Body.Len() == 0 {
			t.Errorf("%s: status %d, headers %v", link, w.Code, w.Header())
		}
	}
	for _, path := range []string{"/assets/", "/assets/style.css", "/assets/../pages.go", "/assets/style.000000000000.css", "/"} {
		if w := asset(t, path); w.Code != http.StatusNotFound || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
}

// pairs of custom properties that must keep a contrast: text 4.5:1 (WCAG 1.4.3), edges
// of controls 3:1 (1.4.11).
var pairs = []struct {
	front, back string
	least       float64
}{
	{"text", "card", 4.5}, {"text", "ground", 4.5}, {"soft", "card", 4.5}, {"soft", "ground", 4.5}, {"soft", "glow", 4.5},
	{"text", "notice-ground", 4.5}, {"link", "card", 4.5}, {"link", "notice-ground", 4.5}, {"on-accent", "accent", 4.5}, {"on-accent", "accent-strong", 4.5},
	{"error-text", "error-ground", 4.5}, {"notice-text", "notice-ground", 4.5},
	{"edge", "card", 3}, {"accent", "card", 3}, {"accent", "ground", 3}, {"error-edge", "card", 3},
}

func TestColoursKeepTheirContrast(t *testing.T) {
	t.Parallel()
	var css string
	for link := range linked(t) {
		if strings.HasSuffix(link, ".css") {
			css = asset(t, link).Body.String()
		}
	}
	light, dark, ok := strings.Cut(css, "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("there are no dark colours")
	}
	for scheme, block := range map[string]string{"light": light, "dark": dark} {
		block, _, _ = strings.Cut(block, "--shadow")
		for _, p := range pairs {
			got, err := contrast(colour(block, p.front), colour(block, p.back))
			if err != nil || got < p.least {
				t.Errorf("%s: %s on %s has %.2f:1, needs %.1f:1 (%v)", scheme, p.front, p.back, got, p.least, err)
			}
		}
	}
}

func TestStyleRulesWithoutWhichPeopleAreKeptOut(t *testing.T) {
	t.Parallel()
	for link := range linked(t) {
		if !strings.HasSuffix(link, ".css") {
			continue
		}
		css := asset(t, link).Body.String()
		for _, want := range []string{":focus-visible", "prefers-reduced-motion", "forced-colors", "min-block-size: 2.875rem"} {
			if !strings.Contains(css, want) {
				t.Errorf("the style sheet lacks %s", want)
			}
		}
		for _, physical := range []string{"margin-left", "margin-right", "padding-left", "padding-right", "text-align: left", "text-align: right", "url("} {
			if strings.Contains(css, physical) {
				t.Errorf("the style sheet has %s", physical)
			}
		}
	}
}

func colour(block, name string) string {
	_, rest, _ := strings.Cut(block, "--"+name+": #")
	value, _, _ := strings.Cut(rest, ";")
	return value
}

// contrast of two colours by WCAG's formula.
func contrast(a, b string) (float64, error) {
	x, err := luminance(a)
	if err != nil {
		return 0, err
	}
	y, err := luminance(b)
	if err != nil {
		return 0, err
	}
	return (max(x, y) + 0.05) / (min(x, y) + 0.05), nil
}

func luminance(hex string) (float64, error) {
	if len(hex) != 6 {
		return 0, fmt.Errorf("colour %q", hex)
	}
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			return 0, err
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum, nil
}
