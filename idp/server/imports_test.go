package server_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers says who may import whom: package → our packages it may import. A trailing
// /... in an entry covers the packages below. Tests (files ending in _test.go) may
// import anything but what the last lines of layerFaults forbid.
var layers = map[string][]string{
	// L0
	"idp": {},
	// L1
	"keys":                     {"idp"},
	"userdir":                  {"idp", "userdir/pwhash"},
	"userdir/pwhash":           {},
	"userdir/ldap":             {"idp", "userdir"},
	"userdir/httpdir":          {"idp", "userdir"},
	"userdir/httpdir/fakeimis": {},
	"userdir/sqldir":           {"idp", "userdir"},
	"userdir/sqldir/drivers":   {"idp", "userdir/sqldir"},
	"idp/web":                  {"idp"},
	"idp/mapping":              {"idp"},
	"idp/audit":                {"idp"},
	"idp/metrics":              {"idp"},
	"idp/outbound":             {"idp"},
	"idp/memory":               {"idp"},
	"idp/sqlstore":             {"idp"},
	"idp/sqlite":               {"idp", "idp/sqlstore"},
	"idp/postgres":             {"idp", "idp/sqlstore"},
	"idp/redis":                {"idp"},
	"idp/config":               {},
	"api/documents":            {},
	"api/presets":              {"idp", "api/documents"},
	"api/verify":               {"idp"},
	// L2: protocols and pages, never each other
	"oauth":        {"idp", "keys", "userdir", "idp/web", "idp/mapping"},
	"samlidp":      {"idp", "keys", "userdir", "idp/web", "idp/mapping", "samlidp/wire", "samlidp/dsig", "samlidp/md", "samlidp/msg", "samlidp/xenc"},
	"samlidp/wire": {"idp"},
	"samlidp/dsig": {"idp", "samlidp/wire"},
	"samlidp/xenc": {"idp", "samlidp/wire"},
	"samlidp/md":   {"idp", "samlidp/wire", "samlidp/dsig", "samlidp/xenc"},
	"samlidp/msg":  {"idp", "samlidp/wire"},
	"idp/login":    {"idp", "keys", "userdir", "idp/web", "idp/mapping"},
	"idp/tokenapp": {"idp", "keys", "idp/web", "idp/mapping"},
	"api":          {"idp", "keys", "userdir", "idp/web", "idp/mapping", "api/presets", "api/verify"},
	"api/console":  {"idp", "keys", "idp/web", "idp/mapping", "api", "api/presets", "api/verify"},
	// L3: the composition root; not the store drivers
	"idp/server": {"idp", "keys", "userdir", "userdir/ldap", "userdir/httpdir", "userdir/sqldir", "idp/web", "idp/mapping", "idp/audit", "idp/metrics", "idp/outbound", "idp/config", "oauth", "samlidp", "idp/login", "idp/tokenapp", "api", "api/console", "api/presets", "api/verify"},
	// Applications of the demo and of browser tests are strangers to us: HTTP clients of the
	// public endpoints.
	"idp/demo":          {"userdir/httpdir/fakeimis"},
	"deploy/e2e/guides": {},
	// L4
	"cmd/cloudsso": {"idp", "keys", "userdir", "userdir/sqldir/drivers", "idp/outbound", "idp/config", "idp/server", "idp/sqlite", "idp/postgres", "idp/redis", "idp/demo", "idp/audit", "samlidp", "samlidp/dsig", "api", "api/documents"},
	// For tests only
	"idp/storetest":              {"idp"},
	"idp/storetest/pgtest":       {},
	"idp/storetest/redistest":    {},
	"idp/idptest":                {"idp", "keys", "userdir", "idp/config", "idp/server", "idp/memory", "api"},
	"userdir/userdirtest":        {"idp", "userdir"},
	"userdir/ldap/slapdtest":     {},
	"userdir/sqldir/mariadbtest": {},
}

// testOnly packages are imported by _test.go files and each other, by nothing that ships.
var testOnly = []string{"idp/memory", "idp/storetest", "idp/storetest/pgtest", "idp/storetest/redistest", "idp/idptest", "userdir/userdirtest", "userdir/ldap/slapdtest", "userdir/sqldir/mariadbtest"}

// TestLayers parses the sources itself: a test that asked `go list` would pass from
// the test cache after somebody broke the rule.
func TestLayers(t *testing.T) {
	for _, fault := range layerFaults(t, os.DirFS("../.."), layers) {
		t.Error(fault)
	}
}

func TestLayersRefuse(t *testing.T) {
	table := map[string][]string{"idp": {}, "oauth": {"idp"}, "samlidp": {"idp"}, "idp/memory": {"idp"}}
	good := map[string]string{
		"idp/a.go":        "package idp\nimport \"context\"",
		"oauth/a.go":      "package oauth\nimport \"cloudsso/idp\"",
		"samlidp/a.go":    "package samlidp\nimport _ \"cloudsso/idp\"",
		"idp/memory/a.go": "package memory\nimport \"cloudsso/idp\"",
	}
	for name, c := range map[string]struct{ file, source, want string }{
		"a sound tree":                      {"idp/b.go", "package idp\nimport \"net/http\"", ""},
		"a protocol that imports another":   {"oauth/b.go", "package oauth\nimport \"cloudsso/samlidp\"", "oauth/b.go: oauth may not import samlidp"},
		"a kernel with a library":           {"idp/b.go", "package idp\nimport \"github.com/x/y\"", "idp/b.go: the kernel may import the standard library only, not github.com/x/y"},
		"a kernel that looks up":            {"idp/b.go", "package idp\nimport \"cloudsso/oauth\"", "idp/b.go: idp may not import oauth"},
		"a package without a layer":         {"stray/b.go", "package stray", "stray: package without a layer"},
		"a shipped import of test code":     {"oauth/b.go", "package oauth\nimport \"cloudsso/idp/memory\"", "oauth/b.go: oauth may not import idp/memory"},
		"a test of one protocol in another": {"oauth/b_test.go", "package oauth_test\nimport \"cloudsso/samlidp\"", "oauth/b_test.go: oauth may not import samlidp, not even in a test"},
		"an unknown folder at the top":      {"pkg/x/b.go", "package x", "pkg/x: package without a layer"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, source := range good {
				write(t, dir, file, source)
			}
			write(t, dir, c.file, c.source)
			faults := layerFaults(t, os.DirFS(dir), table)
			if c.want == "" && len(faults) > 0 || c.want != "" && !slices.Contains(faults, c.want) {
				t.Errorf("got %q, want %q", faults, c.want)
			}
		})
	}
	t.Run("a table entry without a package", func(t *testing.T) {
		faults := layerFaults(t, os.DirFS(t.TempDir()), map[string][]string{"gone": {}})
		if !slices.Contains(faults, "gone: layer without a package") {
			t.Errorf("got %q", faults)
		}
	})
}

func write(t *testing.T, dir, file, source string) {
	t.Helper()
	full := filepath.Join(dir, file)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
}

func layerFaults(t *testing.T, root fs.FS, table map[string][]string) (faults []string) {
	t.Helper()
	seen := map[string]bool{}
	err := fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") {
			return nil
		}
		pkg := path.Dir(file)
		allowed, known := table[pkg]
		if !known && !seen[pkg] {
			faults = append(faults, pkg+": package without a layer")
		}
		seen[pkg] = true
		imports, err := imported(root, file)
		if err != nil {
			return err
		}
		for _, i := range imports {
			faults = append(faults, importFaults(file, pkg, i, allowed)...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range table {
		if !seen[pkg] {
			faults = append(faults, pkg+": layer without a package")
		}
	}
	slices.Sort(faults)
	return faults
}

func imported(root fs.FS, file string) ([]string, error) {
	source, err := fs.ReadFile(root, file)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, i := range parsed.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return nil, err
		}
		paths = append(paths, p)
	}
	return paths, nil
}

func importFaults(file, pkg, imported string, allowed []string) []string {
	isTest := strings.HasSuffix(file, "_test.go")
	ours, isOurs := strings.CutPrefix(imported, "cloudsso/")
	if !isOurs {
		first, _, _ := strings.Cut(imported, "/")
		if pkg == "idp" && !isTest && strings.Contains(first, ".") {
			return []string{fmt.Sprintf("%s: the kernel may import the standard library only, not %s", file, imported)}
		}
		return nil
	}
	protocols := []string{"oauth", "samlidp"}
	switch {
	case ours == pkg:
		return nil
	case isTest && slices.Contains(protocols, pkg) && slices.Contains(protocols, ours):
		return []string{fmt.Sprintf("%s: %s may not import %s, not even in a test", file, pkg, ours)}
	case isTest:
		return nil
	case slices.Contains(testOnly, ours) && !slices.Contains(testOnly, pkg), !slices.Contains(allowed, ours):
		return []string{fmt.Sprintf("%s: %s may not import %s", file, pkg, ours)}
	}
	return nil
}
