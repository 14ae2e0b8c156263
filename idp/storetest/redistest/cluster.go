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
	agree(t, nodes)
	return nodes
}

// Replica adds a server to the cluster that stands in for its first node.
func Replica(t testing.TB, nodes []*Server) *Server {
	t.Helper()
	s := Start(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--repl-diskless-sync-delay", "0")
	s.Must(t, "CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(nodes[0].Port))
	agree(t, append(nodes[:len(nodes):len(nodes)], s))
	s.Must(t, "CLUSTER", "REPLICATE", nodes[0].Must(t, "CLUSTER", "MYID"))
	until(t, "the replica does not follow", func() bool {
		return strings.Contains(s.Must(t, "INFO", "replication"), "master_link_status:up")
	})
	return s
}

func agree(t testing.TB, nodes []*Server) {
	t.Helper()
	until(t, "the nodes of the cluster do not find each other", func() bool {
		for _, s := range nodes {
			info := s.Must(t, "CLUSTER", "INFO")
			if !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, "cluster_known_nodes:"+strconv.Itoa(len(nodes))) {
				return false
			}
		}
		return true
	})
}

func until(t testing.TB, otherwise string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatal(otherwise)
}
