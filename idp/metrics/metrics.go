package metrics

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// scrapeTimeout bounds a scrape that asks stores which do not answer.
const scrapeTimeout = 5 * time.Second

// Options of [New]. All but Version and Revision are required.
type Options struct {
	Version, Revision string                                     // of the binary
	Keys              func() []Key                               // of the ring, as they are now
	Stores            map[string]func(ctx context.Context) error // name → Ping
}

// Metrics of one server. It is safe for concurrent use.
type Metrics struct {
	registry    *prometheus.Registry
	requests    *prometheus.HistogramVec
	events      *prometheus.CounterVec
	unrecorded  prometheus.Counter
	logins      *prometheus.CounterVec
	signIns     *prometheus.CounterVec
	directories *prometheus.HistogramVec
	keysRead    prometheus.Gauge
}

// New makes the metrics of one server.
func New(o Options) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "cloudsso_http_request_duration_seconds", Help: "Requests by pattern of the route, method and class of the status.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"route", "method", "status"}),
		events:     counters("cloudsso_events_total", "Audit Events on record, by name.", "event"),
		unrecorded: prometheus.NewCounter(prometheus.CounterOpts{Name: "cloudsso_events_failed_total", Help: "Audit Events that could not be recorded; what they were about was refused."}),
		logins:     counters("cloudsso_logins_total", "People who proved who they are, or tried to.", "result"),
		signIns:    counters("cloudsso_sign_ins_total", "Answers to applications: people signed in to them, and requests refused.", "protocol", "result"),
		directories: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "cloudsso_directory_duration_seconds", Help: "Questions to directories by directory, operation and result.",
			Buckets: []float64{.001, .005, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"directory", "operation", "result"}),
		keysRead: prometheus.NewGauge(prometheus.GaugeOpts{Name: "cloudsso_keys_read_timestamp_seconds", Help: "When this node last read the signing keys from the store."}),
	}
	m.start()
	m.registry.MustRegister( // panics on two metrics of one name, which would be ours
		m.requests, m.events, m.unrecorded, m.logins, m.signIns, m.directories, m.keysRead,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		buildInfo(o), keyTimes(o.Keys), stores(o.Stores),
	)
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// start makes the series that alerts look at, so that the first failure is an increase
// from 0 and not a series that was never there.
func (m *Metrics) start() {
	for _, result := range loginResults {
		m.logins.WithLabelValues(result)
	}
	for _, s := range signInResults {
		m.signIns.WithLabelValues(s.protocol, s.result)
	}
}

// Request counts one request. route is the pattern that matched, "" if none did.
func (m *Metrics) Request(route, method string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	// Attack: methods of a stranger's invention, each a time series. Decision: the known ones.
	if !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, method) {
		method = "other"
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status/100)+"xx").Observe(took.Seconds())
}

// Directory counts one question to a directory: operation "authenticate" or "lookup",
// result a word for how it ended.
func (m *Metrics) Directory(directory, operation, result string, took time.Duration) {
	m.directories.WithLabelValues(directory, operation, result).Observe(took.Seconds())
}

// KeysRead notes that this node has the keys as they were in the store at that time.
func (m *Metrics) KeysRead(at time.Time) { m.keysRead.Set(float64(at.UnixMilli()) / 1000) }

// Handler answers scrapes. What cannot be collected is left out; the rest is answered.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, Timeout: scrapeTimeout})
}
