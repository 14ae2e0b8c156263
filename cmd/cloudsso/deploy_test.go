package main_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"cloudsso/idp/config"
	"cloudsso/keys"
)

const deploy = "../../deploy"

func readDeploy(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(deploy, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// composition is what these tests look at in compose.yaml.
type composition struct {
	Services map[string]struct {
		Image       string
		User        string
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
		Environment map[string]string
		Secrets     []string
		Networks    any
		Healthcheck struct{ Test []string }
	}
	Secrets map[string]struct{ File string }
}

// composed runs a copy of compose-secrets.sh and reads compose.yaml as Compose
// does: with the values of .env in place of ${NAME:?…}.
func composed(t *testing.T) (dir string, c composition) {
	t.Helper()
	dir = t.TempDir()
	script := filepath.Join(dir, "compose-secrets.sh")
	if err := os.WriteFile(script, []byte(readDeploy(t, "compose-secrets.sh")), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time changes nothing
		if out, err := exec.Command("bash", script, "https://login.example.com").CombinedOutput(); err != nil {
			t.Fatalf("compose-secrets.sh: %v\n%s", err, out)
		}
	}
	env, err := os.ReadFile(filepath.Join(dir, ".env"))
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`\$\{(\w+)[^}]*\}`).ReplaceAllStringFunc(readDeploy(t, "compose.yaml"), func(ref string) string {
		name := regexp.MustCompile(`\w+`).FindString(ref)
		_, after, found := strings.Cut("\n"+string(env), "\n"+name+"=")
		if !found {
			t.Errorf(".env does not set %s", name)
		}
		value, _, _ := strings.Cut(after, "\n")
		return value
	})
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	return dir, c
}

// environment is that of a service, with its secrets where they lie on this machine.
func environment(dir string, vars map[string]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		out = append(out, name+"="+strings.Replace(vars[name], "/run/secrets/", filepath.Join(dir, "secrets")+"/", 1))
	}
	return out
}

func TestTheNodesOfTheCompositionAreConfiguredRight(t *testing.T) {
	t.Parallel()
	dir, c := composed(t)
	for _, name := range []string{"node1", "node2"} {
		service := c.Services[name]
		env := environment(dir, service.Environment)
		p := newPlace(t, env...)
		p.do("config", "check")
		got, err := config.Load(config.Sources{Env: env})
		if err != nil {
			t.Fatal(err)
		}
		if got.Issuer != "https://login.example.com" || !strings.HasPrefix(got.Store, "postgres://cloudsso:") || !strings.HasPrefix(got.Flows, "redis://:") || got.Dev {
			t.Errorf("%s: %s", name, got.Redacted().YAML())
		}
		if proxy, _ := c.Services["proxy"].Networks.(map[string]any)["inside"].(map[string]any)["ipv4_address"].(string); len(got.TrustedProxies) != 1 || got.TrustedProxies[0].String() != proxy+"/32" {
			t.Errorf("%s trusts %v, and the proxy is %s", name, got.TrustedProxies, proxy)
		}
		kek, err := keys.LoadKEK(t.TempDir(), newPlace(t, env...).getenv)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := kek.Seal("test", []byte("x")); err != nil {
			t.Errorf("%s would make a key-encryption key of its own: %v", name, err)
		}
		if uid, _, _ := strings.Cut(service.User, ":"); uid == "" || uid == "0" || !service.ReadOnly || !slices.Equal(service.CapDrop, []string{"ALL"}) {
			t.Errorf("%s may do too much: %+v", name, service)
		}
	}
}

func (p *place) getenv(name string) string {
	for _, entry := range p.env {
		if key, value, _ := strings.Cut(entry, "="); key == name {
			return value
		}
	}
	return ""
}

func TestTheCompositionIsWhole(t *testing.T) {
	t.Parallel()
	dir, c := composed(t)
	for name, service := range c.Services {
		if !regexp.MustCompile(`^[a-z]+:(\d+\.\d+(\.\d+)?|local)$`).MatchString(service.Image) {
			t.Errorf("%s: the image %q has no version", name, service.Image)
		}
		if len(service.Healthcheck.Test) == 0 && name != "proxy" {
			t.Errorf("%s: nobody asks for its health", name)
		}
		for _, secret := range service.Secrets {
			info, err := os.Stat(filepath.Join(dir, c.Secrets[secret].File))
			if c.Secrets[secret].File == "" || err != nil || info.Size() == 0 {
				t.Errorf("%s: the secret %s is not there (%v)", name, secret, err)
			}
		}
		for key, value := range service.Environment {
			if file, ok := strings.CutPrefix(value, "/run/secrets/"); ok && !slices.Contains(service.Secrets, file) {
				t.Errorf("%s: %s names a secret that it does not get", name, key)
			}
		}
	}
	folder, err := os.Stat(filepath.Join(dir, "secrets"))
	if err != nil || folder.Mode().Perm() != 0o700 {
		t.Errorf("others may look into the folder of secrets: %v %v", folder.Mode(), err)
	}
	kek, err := os.Stat(filepath.Join(dir, "secrets/kek"))
	if err != nil || kek.Mode().Perm() != 0o400 {
		t.Errorf("others may read the key-encryption key: %v %v", kek.Mode(), err)
	}
	yaml := readDeploy(t, "compose.yaml")
	for _, file := range []string{"postgres_password", "redis_password", "kek"} {
		secret, err := os.ReadFile(filepath.Join(dir, "secrets", file))
		if err != nil || len(secret) < 32 || strings.Contains(yaml, string(secret)) {
			t.Errorf("%s: %d bytes (%v)", file, len(secret), err)
		}
	}
}

// TestTheProxyKnowsEveryNode asks nginx itself where it is installed.
func TestTheProxyKnowsEveryNode(t *testing.T) {
	t.Parallel()
	dir, c := composed(t)
	text := readDeploy(t, "nginx.conf")
	var nodes, known []string
	for name := range c.Services {
		if strings.HasPrefix(name, "node") {
			nodes = append(nodes, name+":8080")
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^\s*server (\S+) max_fails`).FindAllStringSubmatch(text, -1) {
		known = append(known, m[1])
	}
	slices.Sort(nodes)
	if !slices.Equal(nodes, known) {
		t.Errorf("nodes %q, the proxy knows %q", nodes, known)
	}
	if wrong := regexp.MustCompile(`(?m)^\s*(ip_hash|hash|sticky)\b|\$request(_uri)?\b|\$args|\$proxy_add_x_forwarded_for`).FindString(text); wrong != "" {
		t.Errorf("the proxy keeps people at a node, logs queries or believes browsers: %q", wrong)
	}
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Log("nginx is not installed here: it was not asked")
		return
	}
	local := strings.NewReplacer("/run/secrets/", filepath.Join(dir, "secrets")+"/", "node1:", "127.0.0.1:", "node2:", "127.0.0.2:", "/tmp/nginx.pid", dir+"/pid").Replace(text)
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(local), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(nginx, "-t", "-p", dir, "-c", path).CombinedOutput(); !strings.Contains(string(out), "syntax is ok") { // whether it could run here is not the question
		t.Errorf("nginx -t: %v\n%s", err, out)
	}
}

// TestTheServiceUnit asks systemd itself where it is installed.
func TestTheServiceUnit(t *testing.T) {
	t.Parallel()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	unit := readDeploy(t, "cloudsso.service")
	cluster := regexp.MustCompile(`(?m)^#(LoadCredential|Environment)=`).ReplaceAllString(unit, "$1=")
	if strings.Count(cluster, "\nLoadCredential=") != 3 || strings.Count(cluster, "\nEnvironment=") != 2 {
		t.Error("the lines for a cluster are not there")
	}
	for _, m := range regexp.MustCompile(`CLOUDSSO_\w+`).FindAllString(cluster, -1) {
		if !slices.Contains([]string{"CLOUDSSO_DATA", "CLOUDSSO_STORE_FILE", "CLOUDSSO_FLOWS_FILE", "CLOUDSSO_KEK_FILE"}, m) {
			t.Errorf("the unit sets %s", m)
		}
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("systemd is not installed here: it was not asked")
		return
	}
	for name, text := range map[string]string{"cloudsso.service": unit, "cluster.service": cluster} {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "/usr/local/bin/cloudsso", path)), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(analyze, "verify", "--man=no", file).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("systemd-analyze verify: %v\n%s", err, out)
		}
	}
}

func TestTheImageIsBuiltAsTheModuleSays(t *testing.T) {
	t.Parallel()
	text, module := readDeploy(t, "Dockerfile"), readDeploy(t, "../go.mod")
	version := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(module)[1]
	for _, want := range []string{"FROM golang:" + version + "-", "CGO_ENABLED=0", "\nFROM scratch\n", "\nUSER 65532:65532\n", `ENTRYPOINT ["/cloudsso"]`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
}
