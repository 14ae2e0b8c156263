package redistest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Sentinel starts one that alone decides about the group "main", whose master this is,
// and waits until it knows as many replicas. Lines are added to its configuration.
func Sentinel(t testing.TB, master *Server, replicas int, lines ...string) *Server {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sentinel.conf") // it writes to it
	monitor := fmt.Sprintf("sentinel monitor main 127.0.0.1 %d 1\nsentinel down-after-milliseconds main 1000\n%s\n",
		master.Port, strings.Join(lines, "\n"))
	if err := os.WriteFile(file, []byte(monitor), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, []string{file, "--sentinel", "--bind", "127.0.0.1", "--port", "{port}", "--dir", "{dir}", "--logfile", "{dir}/log"}, nil)
	until(t, "the Sentinel does not find the replicas", func() bool {
		return strings.Contains(s.Must(t, "SENTINEL", "MASTER", "main"), "num-slaves\n"+strconv.Itoa(replicas))
	})
	return s
}
