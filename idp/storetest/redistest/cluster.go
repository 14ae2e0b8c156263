package redistest

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

const slots = 16384

// Cluster starts n servers that share the slots evenly, and waits until all agree.
func Cluster(t testing.TB, n int, options ...string) []*Server {
	t.Helper()
	var nodes []*Server
	for i := range n {
		s := Start(t, append([]string{"--cluster-enabled", "yes", "--cluster-node-timeout", "2000"}, options...)...)
		nodes = append(nodes, s)
		s.Must(t, "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(i*slots/n), strconv.Itoa((i+1)*slots/n-1))
		s.Must(t, "CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		if i > 0 {
			s.Must(t, "CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(nodes[0].Port))
		}
	}
	for end := time.Now().Add(3 * patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		agree := 0
		for _, s := range nodes {
			info := s.Must(t, "CLUSTER", "INFO")
			if strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:"+strconv.Itoa(n)) {
				agree++
			}
		}
		if agree == n {
			return nodes
		}
	}
	t.Fatal("the nodes of the cluster do not find each other")
	return nil
}
