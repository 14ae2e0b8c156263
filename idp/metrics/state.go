package metrics

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Key is what is told about one signing key.
type Key struct {
	ID, Use, Alg, State string
	Signing             bool      // the one of its kind that signs now
	Expires             time.Time // end of the key or of its certificate, the earlier; zero: never
}

func buildInfo(o Options) prometheus.Collector {
	labels := prometheus.Labels{"version": o.Version, "revision": o.Revision, "goversion": runtime.Version()}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "cloudsso_build_info", Help: "1, labelled with what runs here.", ConstLabels: labels}, func() float64 { return 1 })
}

// gauges is a collector that asks when somebody scrapes.
type gauges struct {
	descs   []*prometheus.Desc
	collect func(ch chan<- prometheus.Metric)
}

func (g gauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range g.descs {
		ch <- d
	}
}

func (g gauges) Collect(ch chan<- prometheus.Metric) { g.collect(ch) }

func gauge(ch chan<- prometheus.Metric, d *prometheus.Desc, value float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

// keyTimes tells of keys by id: there are few, and only we make them.
func keyTimes(keys func() []Key) prometheus.Collector {
	state := prometheus.NewDesc("cloudsso_key_state", "1 for each key, labelled with its state.", []string{"kid", "use", "alg", "state"}, nil)
	signing := prometheus.NewDesc("cloudsso_key_signing", "1 if this node signs with the key now.", []string{"kid", "use", "alg"}, nil)
	expiry := prometheus.NewDesc("cloudsso_key_expiry_timestamp_seconds", "When the key or its certificate ends; absent if never.", []string{"kid", "use", "alg"}, nil)
	return gauges{[]*prometheus.Desc{state, signing, expiry}, func(ch chan<- prometheus.Metric) {
		for _, k := range keys() {
			gauge(ch, state, 1, k.ID, k.Use, k.Alg, k.State)
			gauge(ch, signing, number(k.Signing), k.ID, k.Use, k.Alg)
			if !k.Expires.IsZero() {
				gauge(ch, expiry, float64(k.Expires.Unix()), k.ID, k.Use, k.Alg)
			}
		}
	}}
}

// stores asks all of them at the same time, so that one that hangs hides no other.
func stores(pings map[string]func(context.Context) error) prometheus.Collector {
	up := prometheus.NewDesc("cloudsso_store_up", "1 if the store answers this node.", []string{"store"}, nil)
	took := prometheus.NewDesc("cloudsso_store_ping_seconds", "How long the store took to answer.", []string{"store"}, nil)
	return gauges{[]*prometheus.Desc{up, took}, func(ch chan<- prometheus.Metric) {
		ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout-time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for name, ping := range pings {
			wg.Go(func() {
				start := time.Now()
				err := ping(ctx)
				gauge(ch, up, number(err == nil), name)
				gauge(ch, took, time.Since(start).Seconds(), name)
			})
		}
		wg.Wait()
	}}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
