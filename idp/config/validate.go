package config

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	maxPool       = 1000
	minTimeout    = Duration(100 * time.Millisecond)
	maxTimeout    = Duration(5 * time.Minute)
	maxTraceTTL   = Duration(90 * 24 * time.Hour)
	maxDrainDelay = Duration(5 * time.Minute) // more than any proxy's health check needs
)

var directoryID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// samlScope is the form of the Subject Identifier Attributes Profile (§2.3).
var samlScope = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,126}$`)

// validator completes and checks the merged configuration.
type validator struct {
	*Config
	where     map[string]string
	dataOnly  bool
	directory func(Directory) (field, problem string)
	faults    Faults
}

func (v *validator) fault(key, problem string, args ...any) {
	v.faults = append(v.faults, Fault{Where: v.where[key], Key: key, Problem: fmt.Sprintf(problem, args...)})
}

// given reports whether somebody set the key, rather than the default.
func (v *validator) given(key string) bool { return v.where[key] != "" }

// complete fills in the defaults that depend on other keys.
func (v *validator) complete() {
	v.Dev = v.Dev || v.Demo
	if v.Demo && !v.given("data") {
		v.Data = "./data/demo"
	}
	if v.Dev && !v.given("listen") {
		v.Listen = "127.0.0.1:8080"
	}
	if v.Dev && !v.given("log.format") {
		v.Log.Format = "text"
	}
	if v.Dev && !v.given("drain_delay") {
		v.DrainDelay = 0
	}
	if _, port, ok := splitAddr(v.Listen); ok && v.Dev && !v.given("issuer") && port != "0" {
		v.Issuer = "http://localhost:" + port
	}
	if len(v.Directories) == 0 {
		v.Directories = []Directory{{ID: KindLocal, Kind: KindLocal}}
	}
}

func (v *validator) check() {
	v.checkIssuer()
	v.checkListen()
	if v.Data == "" {
		v.fault("data", "Expected the path of a folder.")
	}
	v.checkStores()
	v.checkOutbound()
	v.checkLogout()
	v.checkSignUp()
	if v.SAML.Scope != "" && !samlScope.MatchString(v.SAML.Scope) {
		v.fault("saml.scope", "Expected a domain name such as example.org.")
	}
	v.checkOrganisation()
	v.checkDirectories()
	v.checkScopes()
	v.checkRegistration()
}

// checkIssuer holds OpenID Connect Discovery §3 and RFC 8414 §2: an https URL without
// query and fragment. Peers compare it byte by byte, hence one spelling only.
func (v *validator) checkIssuer() {
	if v.Issuer == "" {
		if !v.dataOnly {
			v.fault("issuer", "It is missing. Give the public URL of this server, such as https://sso.example.org, or start with --dev for work on one machine.")
		}
		return
	}
	u, err := url.Parse(v.Issuer)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		v.fault("issuer", "Expected a URL such as https://sso.example.org.")
	case u.Scheme != "https" && u.Scheme != "http":
		v.fault("issuer", "Expected a URL that starts with https://.")
	case u.Scheme == "http" && !v.Dev:
		v.fault("issuer", "Expected https://. Plain http is for work on one machine, with --dev.")
	case u.Scheme == "http" && !loopbackHost(u.Hostname()):
		v.fault("issuer", "With dev, http works on loopback names only, such as http://localhost:8080. Use https:// for %s.", u.Host)
	case u.User != nil || strings.ContainsAny(v.Issuer, "?#"):
		v.fault("issuer", "It must not have a user name, a query or a fragment.")
	case strings.HasSuffix(v.Issuer, "/"):
		v.fault("issuer", "It must not end in a slash.")
	case u.Path != "" && path.Clean(u.Path) != u.Path || u.RawPath != "":
		v.fault("issuer", "Its path must be plain: no empty parts, no dots, no percent signs.")
	case u.String() != v.Issuer || strings.ToLower(u.Host) != u.Host:
		v.fault("issuer", "Write it as peers will compare it: %s://%s%s.", u.Scheme, strings.ToLower(u.Host), u.EscapedPath())
	}
}

func (v *validator) checkListen() {
	for _, kv := range [][2]string{{"listen", v.Listen}, {"ops_listen", v.OpsListen}} {
		key, addr := kv[0], kv[1]
		host, _, ok := splitAddr(addr)
		switch {
		case !ok:
			v.fault(key, "Expected an address to listen on, such as :8080 or 127.0.0.1:8080.")
		case key == "listen" && v.Dev && !loopbackHost(host):
			// Dev turns protections off; it must not be reachable from elsewhere.
			v.fault(key, "With dev the server listens on loopback only. Expected 127.0.0.1, [::1] or localhost with a port.")
		}
	}
	if v.Listen == v.OpsListen && !strings.HasSuffix(v.Listen, ":0") {
		v.fault("ops_listen", "It is the same address as listen. Give it another port.")
	}
}

// The schemes of stores; each driver reads the rest of its URLs.
var (
	storeSchemes = []string{"postgres", "postgresql"}
	flowsSchemes = []string{"redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"}
)

// checkStores never repeats a value: there may be a password in it.
func (v *validator) checkStores() {
	for _, s := range []struct {
		key, value, expected string
		schemes              []string
	}{
		{"store", v.Store, "a URL such as postgres://user:password@db.example.org:5432/cloudsso, or nothing for SQLite in the data folder", storeSchemes},
		{"flows", v.Flows, "a URL such as redis://user:password@redis.example.org:6379 (rediss:// for TLS), or nothing for the same database", flowsSchemes},
	} {
		scheme, _, found := strings.Cut(s.value, "://")
		switch {
		case s.value != "" && (!found || !slices.Contains(s.schemes, scheme)):
			v.fault(s.key, "Expected %s.", s.expected)
		case strings.Contains(s.value, "#"):
			v.fault(s.key, "A # stands in the URL. In a password, write the characters # / ? @ and %% as %%23 %%2F %%3F %%40 and %%25.")
		}
	}
	if v.StorePool < 2 || v.StorePool > maxPool {
		v.fault("store_pool", "Expected 2 to %d.", maxPool) // one may be busy with a lock
	}
	if v.StoreTimeout < minTimeout || v.StoreTimeout > maxTimeout {
		v.fault("store_timeout", "Expected %s to %s.", minTimeout, maxTimeout)
	}
	if v.TraceTTL < 0 || v.TraceTTL > maxTraceTTL {
		v.fault("trace_ttl", "Expected %s to %s.", Duration(0), maxTraceTTL)
	}
	if v.DrainDelay < 0 || v.DrainDelay > maxDrainDelay {
		v.fault("drain_delay", "Expected %s to %s.", Duration(0), maxDrainDelay)
	}
}

func (v *validator) checkSignUp() {
	if v.SignUpURL != "" && !v.webAddress(v.SignUpURL) {
		v.fault("signup_url", "Expected an https address, such as https://www.example.org/register.")
	}
}

// webAddress reports whether people may be sent there.
func (v *validator) webAddress(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Hostname() != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && v.Dev && loopbackHost(u.Hostname()))
}

func (v *validator) checkLogout() {
	for i, raw := range v.Logout.ReturnURLs {
		if !v.webAddress(raw) {
			v.fault("logout.return_urls", "Item %d: expected an https address, such as https://www.example.org/goodbye.", i+1)
		}
	}
}

func (v *validator) checkOutbound() {
	for i, h := range v.Outbound.AllowHosts {
		host, port, err := net.SplitHostPort(h)
		if err != nil || host == "" || port == "" || strings.ContainsAny(host, "/@*") {
			v.fault("outbound.allow_hosts", "Item %d: expected host:port, such as sp.intranet.example:443.", i+1)
		}
	}
	if f := v.Outbound.CAFile; f != "" {
		if _, err := os.Stat(f); err != nil {
			v.fault("outbound.ca_file", "The file cannot be read.")
		}
	}
}
