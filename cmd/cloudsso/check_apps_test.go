package main_test

import "testing"

func TestAppsAreGradedWithAnExitCode(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.do("client", "add", "--id", "wiki", "--name", "Wiki", "--redirect-uri", "https://wiki.example/cb")
	if r := p.do("config", "check", "--apps", "--grade", "A"); r.out != "A  Wiki (wiki)\n" {
		t.Error(r.out)
	}
	p.write("old.json", `{"client_id":"old","client_name":"Old","redirect_uris":["https://old.example/cb"],"allow_password_grant":true}`)
	p.do("client", "add", "--file", "old.json")
	p.do("config", "check", "--apps", "--grade", "D")
	for args, want := range map[string]string{
		"":  "cloudsso: 1 of 2 apps are graded worse than C.\n",
		"B": "cloudsso: 1 of 2 apps are graded worse than B.\n",
		"Z": "cloudsso: grade: A grade is one of A, B, C and D.\n",
	} {
		command := []string{"config", "check", "--apps"}
		if args != "" {
			command = append(command, "--grade", args)
		}
		if r := p.run("", command...).want(1); r.err != want {
			t.Errorf("%q: %q, want %q", args, r.err, want)
		}
	}
}
