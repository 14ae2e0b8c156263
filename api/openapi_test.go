package api_test

import (
	"bytes"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"

	"cloudsso/api"
)

var update = flag.Bool("update", false, "write openapi.json anew")

func TestTheCommittedOpenAPIDocumentIsWhatTheCodeServes(t *testing.T) {
	got := api.OpenAPI()
	if *update {
		if err := os.WriteFile("openapi.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatal("The API has changed and api/openapi.json has not. Run: go test ./api -run OpenAPI -update, and look at the difference.")
	}
}

func TestTheServedDocumentNamesTheServerAndNeedsNoToken(t *testing.T) {
	t.Parallel()
	a := newWorld(t).call(http.MethodGet, "/api/v1/openapi.json", nil, "Authorization", "").want(http.StatusOK)
	if a.body["openapi"] != "3.1.0" || !strings.Contains(a.raw, `"url": "`+issuer+`"`) {
		t.Errorf("openapi %v, or no server %s", a.body["openapi"], issuer)
	}
	if strings.Contains(a.raw, "ErrorModel") {
		t.Error("the library's error model is in the document; our errors are Problems")
	}
}
