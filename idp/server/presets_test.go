package server_test

import (
	"strings"
	"testing"
	"time"

	"cloudsso/idp/config"
	"cloudsso/idp/memory"
	"cloudsso/idp/server"
	"cloudsso/keys"
)

func TestAFaultInAPresetEndsTheStartWithItsLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "mine.yaml", "id: mine\ntitle: Mine\ncolour: red\n")
	kek, err := keys.LoadKEK(t.TempDir(), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	m := memory.New(time.Now)
	c := config.Config{Issuer: "http://127.0.0.1:1", Dev: true, Presets: dir, Directories: []config.Directory{{ID: "local", Kind: config.KindLocal}}}
	_, err = server.New(t.Context(), server.Options{Config: c, Records: m, Flows: m, KEK: kek})
	if err == nil || !strings.Contains(err.Error(), "mine.yaml:3:1: colour: unexpected property") {
		t.Error(err)
	}
}
