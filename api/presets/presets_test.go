package presets_test

import (
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cloudsso/api/presets"
)

var update = flag.Bool("update", false, "write schema.json")

func catalog(t *testing.T) *presets.Catalog {
	t.Helper()
	c, err := presets.New()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func examples(p presets.Preset) map[string]string {
	out := map[string]string{}
	for _, a := range p.Asks {
		out[a.ID] = a.Example
	}
	return out
}

func TestTheCatalogIsSound(t *testing.T) {
	t.Parallel()
	all := catalog(t).Search("")
	for _, id := range []string{
		"infosum", "insided-openidconnect", "insided-oauth2", "insided-saml", "insided-token", "deepfactor-saml", "deepfactor-oidc", "influitive",
		"slack", "aws-iam-identity-center", "google-workspace", "salesforce", "github-enterprise", "gitlab", "zendesk", "grafana", "argo-cd", "nextcloud", "moodle", "shibboleth-sp",
		"web-app", "single-page-app", "native-app", "machine", "saml-app", "saml-metadata", "token-app",
	} {
		if !slices.ContainsFunc(all, func(p presets.Preset) bool { return p.ID == id }) {
			t.Errorf("there is no preset %s", id)
		}
	}
	for _, p := range all {
		settings, err := p.Fill(examples(p))
		if err != nil {
			t.Errorf("%s: its own examples are refused: %v", p.ID, err)
		}
		if b, _ := json.Marshal(settings); strings.Contains(string(b), "${") {
			t.Errorf("%s: a placeholder is left: %s", p.ID, b)
		}
	}
}

func TestTheSchemaFileIsCurrent(t *testing.T) {
	t.Parallel()
	if *update {
		if err := os.WriteFile("schema.json", presets.Schema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if kept, err := os.ReadFile("schema.json"); err != nil || string(kept) != string(presets.Schema()) {
		t.Errorf("schema.json is not what the types say; run the test with -update (%v)", err)
	}
}

func TestSearchFindsEveryWordAndPutsGenericOnesLast(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	for query, want := range map[string]string{
		"gainsight SAML":     "insided-saml",
		"aws":                "aws-iam-identity-center",
		"client credentials": "machine",
		"nothing like this":  "",
	} {
		var ids []string
		for _, p := range c.Search(query) {
			ids = append(ids, p.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%q finds %q, want %q", query, got, want)
		}
	}
	all := c.Search("")
	if all[0].Group == "generic" || all[len(all)-1].Group != "generic" {
		t.Errorf("first %s, last %s", all[0].ID, all[len(all)-1].ID)
	}
}

func TestAnswersBecomeSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		preset  string
		answers map[string]string
		want    string
	}{
		"an optional answer takes its default from an earlier one": {"influitive", map[string]string{"hub": "acme"}, `"acs":["https://acme.influitive.com/saml/consume"]`},
		"a suffix that is empty leaves nothing behind":             {"influitive", map[string]string{"hub": "acme"}, `"entity_id":"Influitive-AdvocateHub"`},
		"a suffix is put behind":                                   {"influitive", map[string]string{"hub": "acme", "suffix": "-2"}, `"entity_id":"Influitive-AdvocateHub-2"`},
		"pairs become a map of values":                             {"insided-token", map[string]string{"customer": "acme-en", "roles": "Moderators = 3\nStaff=4\n"}, `"map":{"Moderators":"3","Staff":"4"}`},
		"lines become a list":                                      {"web-app", map[string]string{"redirects": "https://a.example/cb\r\n\n https://b.example/cb "}, `"redirect_uris":["https://a.example/cb","https://b.example/cb"]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := catalog(t).Preset(c.preset)
			settings, err := p.Fill(c.answers)
			b, _ := json.Marshal(settings)
			if err != nil || !strings.Contains(string(b), c.want) {
				t.Errorf("got %s, %v; want %s in it", b, err, c.want)
			}
		})
	}
}

// A row without its answer would hand out something else: all groups in place of roles.
func TestARowWithoutItsAnswerGoesAway(t *testing.T) {
	t.Parallel()
	for preset, answers := range map[string]map[string]string{
		"insided-token": {"customer": "acme-en"},
		"infosum":       {"redirect": "https://x.example/cb"},
	} {
		p, _ := catalog(t).Preset(preset)
		settings, err := p.Fill(answers)
		b, _ := json.Marshal(settings)
		if err != nil || regexp.MustCompile(`customRoles|GlobalID|initiate_login`).Match(b) || !strings.Contains(string(b), "email") {
			t.Errorf("%s: %s, %v", preset, b, err)
		}
	}
}

func TestBadAnswersAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		preset  string
		answers map[string]string
		want    string
	}{
		"a needed answer is missing":       {"slack", nil, "Workspace: an answer is needed, such as acme (answers/workspace)"},
		"a host that brings a path along":  {"slack", map[string]string{"workspace": "evil.example/x?"}, `Workspace: "evil.example/x?" does not look right. Expected something like acme (answers/workspace)`},
		"an answer of two lines":           {"slack", map[string]string{"workspace": "acme\nevil"}, "Workspace: one line is expected. (answers/workspace)"},
		"an answer that nobody asked for":  {"slack", map[string]string{"workspace": "acme", "sign": "none"}, `The preset slack does not ask for "sign". (answers)`},
		"a pair without a value":           {"insided-token", map[string]string{"customer": "a", "roles": "Moderators"}, `Custom roles, one "group=role id" a line: every line is name=value, each name once. This one is not: Moderators (answers/roles)`},
		"the same name in two pairs":       {"insided-token", map[string]string{"customer": "a", "roles": "A=1\nA=2"}, "each name once. This one is not: A=2"},
		"an answer longer than any answer": {"slack", map[string]string{"workspace": strings.Repeat("a", 9000)}, "Workspace: the answer is longer than 8192 bytes. (answers/workspace)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := catalog(t).Preset(c.preset)
			if _, err := p.Fill(c.answers); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

const sound = `id: mine
title: Mine
group: business
verified: "2026-11-21"
asks:
  - {id: host, label: Host, example: a.example}
client:
  redirect_uris: ["https://${host}/cb"]
handover:
  - {label: Client ID, value: client_id}
notes:
  - {text: Ours., source: ourselves}
`

func TestAFolderAddsPresetsAndTakesTheirPlace(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	dir := fstest.MapFS{
		"mine.yaml":  {Data: []byte(sound)},
		"slack.yml":  {Data: []byte(strings.Replace(strings.Replace(sound, "id: mine", "id: slack", 1), "title: Mine", "title: Our Slack", 1))},
		"README.txt": {Data: []byte("not a preset")},
	}
	if err := c.Folder(dir, "presets"); err != nil {
		t.Fatal(err)
	}
	mine, ok := c.Preset("mine")
	slack, _ := c.Preset("slack")
	if !ok || mine.Kind() != presets.KindClient || slack.Title != "Our Slack" {
		t.Errorf("mine %v, slack %q", ok, slack.Title)
	}
}

func TestAFaultInAFileNamesItsLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ from, to, want string }{
		"a member that does not exist":       {"title: Mine", "title: Mine\nclaims: 1", "presets/mine.yaml:3:1: claims: unexpected property"},
		"a value of ours that does not":      {"value: client_id", "value: clientid", "presets/mine.yaml:10:24: handover[0].value: There is no value clientid of a client."},
		"a placeholder without an ask":       {"${host}", "${hots}", "presets/mine.yaml:7:1: client: There is no ask ${hots}."},
		"an ask that nothing uses":           {"https://${host}/cb", "https://a.example/cb", "presets/mine.yaml:6:6: asks[0].id: Nothing uses the answer host."},
		"a pattern that cannot be read":      {"example: a.example", `example: a.example, pattern: "["`, "presets/mine.yaml:6:49: asks[0].pattern: This is not a regular expression"},
		"an example that the pattern denies": {"example: a.example", `example: a.example, pattern: "[0-9]"`, "presets/mine.yaml:6:29: asks[0].example: The example would be refused."},
		"two kinds of app":                   {"client:", "token_app: {return_url: x}\nclient:", "presets/mine.yaml:1:1: id: A preset has exactly one of"},
		"no kind of app":                     {"client:\n  redirect_uris: [\"https://${host}/cb\"]\n", "", "presets/mine.yaml:1:1: id: A preset has exactly one of"},
		"no source":                          {", source: ourselves", "", "presets/mine.yaml:12:5: notes[0]: expected required property source to be present"},
		"rows in the settings":               {"client:", "client:\n  claims_mapping: []", "presets/mine.yaml:8:3: client.claims_mapping: Mapping rows stand in mapping."},
		"a fourth question":                  {"asks:\n", "asks:\n  - {id: a, label: A, example: a}\n  - {id: b, label: B, example: b}\n  - {id: c, label: C, example: c}\n", "presets/mine.yaml:5:1: asks: expected array length <= 3"},
		"another id than the file's name":    {"id: mine", "id: yours", "presets/mine.yaml:1:1: id: The file must be called yours.yaml."},
		"a file that is not YAML":            {"title: Mine", "title: [", "presets/mine.yaml:1: This is not well-formed YAML"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := strings.Replace(sound, c.from, c.to, 1)
			err := catalog(t).Folder(fstest.MapFS{"mine.yaml": {Data: []byte(doc)}}, "presets")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}
