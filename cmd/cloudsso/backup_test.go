package main_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

var jwksOf = regexp.MustCompile(`"kid":"[^"]+"`)

// A server writes while its backup is made. The copy serves the same people with the same
// keys: what the first has issued is still good.
func TestABackupOfARunningServerServesTheSame(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "CLOUDSSO_DEV=true", "CLOUDSSO_DATA=data", "BACKUP_PASSPHRASE=correct horse battery")
	s := p.serve()
	token := strings.TrimSpace(p.do("token", "create").out)
	_, keysBefore := get(t, s.url+"/oauth2/jwks", "")
	stop, writes := make(chan struct{}), 0
	var wg sync.WaitGroup
	wg.Go(func() {
		for ; ; writes++ {
			select {
			case <-stop:
				return
			default:
				post(s.url+"/api/v1/users", token, fmt.Sprintf(`{"username":"user-%d"}`, writes))
			}
		}
	})
	post(s.url+"/api/v1/users", token, `{"username":"ada","password":"correct horse battery x"}`)
	made := p.do("backup", "create", "sso.backup", "--passphrase", "env:BACKUP_PASSPHRASE")
	close(stop)
	wg.Wait()
	s.stop(t)
	if writes == 0 || !strings.Contains(made.out, "cloudsso.db  ") || !strings.Contains(made.out, "\nkek ") {
		t.Errorf("%d writes, %s", writes, made.out)
	}
	if info, err := os.Stat(filepath.Join(p.dir, "sso.backup")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	p.do("backup", "verify", "sso.backup", "--passphrase", "env:BACKUP_PASSPHRASE")
	p.do("backup", "restore", "sso.backup", "--passphrase", "env:BACKUP_PASSPHRASE", "--data", "restored")
	for _, name := range []string{"cloudsso.db", "kek"} {
		if info, err := os.Stat(filepath.Join(p.dir, "restored", name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	p.serve("--data", "restored", "--listen", strings.TrimPrefix(s.url, "http://"))
	if code, body := get(t, s.url+"/api/v1/users?limit=500", token); code != 200 || !strings.Contains(body, `"username":"ada"`) {
		t.Errorf("%d %s", code, body)
	}
	_, keysAfter := get(t, s.url+"/oauth2/jwks", "")
	if before, after := jwksOf.FindAllString(keysBefore, -1), jwksOf.FindAllString(keysAfter, -1); len(before) == 0 || strings.Join(before, " ") != strings.Join(after, " ") {
		t.Errorf("the keys are others: %v, were %v", after, before)
	}
	left, err := filepath.Glob(filepath.Join(p.dir, "*", ".*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// post is without a test: it may be called from anywhere, and for a server that is gone.
func post(url, token, body string) {
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	if res, err := http.DefaultClient.Do(req); err == nil {
		res.Body.Close()
	}
}

func TestBackupsThatAreNotWholeAreRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "CLOUDSSO_DATA=data", "PASS=correct horse", "WRONG=battery staple", "EMPTY=")
	p.do("keys", "list")
	if r := p.do("backup", "create", "plain"); !strings.HasPrefix(r.err, "warning: This file is not encrypted. Whoever reads it can sign as this provider, and read every secret in it.") {
		t.Error(r.err)
	}
	p.do("backup", "create", "sealed", "--passphrase", "env:PASS")
	plain, sealed := p.bytes("plain"), p.bytes("sealed")
	if bytes.Contains(sealed, []byte("SQLite")) {
		t.Error("the sealed backup is not sealed")
	}
	p.write("kekless", string(retarred(t, plain, "kek", "")))
	p.write("evil", string(retarred(t, plain, "kek", "../../evil")))
	p.write("flipped", strings.Replace(string(plain), "CREATE TABLE clients", "CREATE TABLE cIients", 1))
	p.write("cut", string(plain[:len(plain)/2]))
	p.write("cutsealed", string(sealed[:len(sealed)-100]))
	p.write("newer", strings.Replace(string(plain), `"format": 1`, `"format": 9`, 1))
	for args, want := range map[string]string{
		"verify missing":                         "The backup missing cannot be read.",
		"verify sealed":                          "The backup sealed is encrypted. Give its passphrase with --passphrase.",
		"verify sealed --passphrase env:WRONG":   "The backup sealed does not open with this passphrase, or is damaged.",
		"verify sealed --passphrase env:EMPTY":   "--passphrase: The environment variable EMPTY is not set.",
		"verify sealed --passphrase geheim":      "--passphrase: expected env:NAME or file:PATH of one that is not empty",
		"verify plain --passphrase env:PASS":     "The backup plain is not encrypted. Leave --passphrase out if that is right.",
		"verify flipped":                         "The backup flipped is damaged, or is none of ours: cloudsso.db is not as its manifest says.",
		"verify cut":                             "The backup cut is damaged, or is none of ours: cloudsso.db is not as its manifest says.",
		"verify kekless":                         "The backup kekless is damaged, or is none of ours: kek is missing or has another size.",
		"verify evil":                            "The backup evil is damaged, or is none of ours: kek is missing or has another size.",
		"verify newer":                           "The backup newer was made by a newer release (format 9; this one knows 1).",
		"verify cutsealed --passphrase env:PASS": "The backup cutsealed is damaged, or is none of ours:",
		"verify data/cloudsso.db":                "The backup data/cloudsso.db is damaged, or is none of ours: it does not start with its manifest.",
		"create plain":                           "The file plain is there already. A backup goes into a new file.",
		"create x --data nothing":                "There is no database in nothing. Name the data folder with --data.",
		"restore plain":                          "The data folder data is not empty. Restore into a new one, and keep the old one until you are sure.",
		"restore flipped --data fresh":           "The backup flipped is damaged, or is none of ours: cloudsso.db is not as its manifest says.",
		"create x --store postgres://u@h/d":      "The database is PostgreSQL: pg_dump and pg_restore copy it. Keep the key-encryption key",
	} {
		r := p.run("", append([]string{"backup"}, strings.Fields(args)...)...)
		if r.code == 0 || !strings.HasPrefix(r.err, "cloudsso: "+want) {
			t.Errorf("%s: code %d\n%s", args, r.code, r.err)
		}
	}
	if list, err := os.ReadDir(filepath.Join(p.dir, "fresh")); err == nil && len(list) != 0 {
		t.Errorf("a refused backup left something behind: %v", list)
	}
	p.do("backup", "restore", "plain", "--data", "fresh")
}

// A key that is kept elsewhere stays there, and the backup says so.
func TestABackupSaysThatItsKeyIsElsewhere(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "CLOUDSSO_DATA=data", "CLOUDSSO_KEK=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	p.do("keys", "list")
	if r := p.do("backup", "create", "b"); strings.Contains(r.out, "kek") || !strings.Contains(r.err, "The key-encryption key is not inside. Keep it apart") || !strings.Contains(r.err, "Whoever reads it can read personal data and password hashes.") {
		t.Error(r.out, r.err)
	}
	p.do("backup", "verify", "b")
	p.env = append(p.env[:len(p.env)-1], "CLOUDSSO_KEK=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=")
	p.run("", "backup", "verify", "b").want(1) // another key opens nothing in it
	p.env = p.env[:len(p.env)-1]
	p.do("backup", "verify", "b")
}

func (p *place) bytes(name string) []byte {
	p.t.Helper()
	b, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		p.t.Fatal(err)
	}
	return b
}

// retarred is a tar with one entry left out, or under another name.
func retarred(t *testing.T, in []byte, name, as string) []byte {
	t.Helper()
	var out bytes.Buffer
	r, w := tar.NewReader(bytes.NewReader(in)), tar.NewWriter(&out)
	for {
		h, err := r.Next()
		if err != nil {
			break
		}
		if h.Name == name && as == "" {
			continue
		}
		if h.Name == name {
			h.Name = as
		}
		var body bytes.Buffer
		if _, err := body.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		w.Write(body.Bytes())
	}
	w.Close()
	return out.Bytes()
}
