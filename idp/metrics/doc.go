// Package metrics counts what a server does, for Prometheus.
//
// [New] makes the metrics of one server, on a registry of its own. Whoever does the work
// reports it: the middleware each request ([Metrics.Request]), the audit log each Event
// (through [Metrics.Events]), the directories each question ([Metrics.Directory]), the
// housekeeping each reading of the keys ([Metrics.KeysRead]). Keys and stores are asked
// when somebody scrapes. [Metrics.Handler] answers the scrape.
//
// Labels are ours: route patterns, methods, names of Events, ids of directories. What a
// stranger can choose (paths, logins, client ids of requests) is never a label: it would
// make as many time series as they like.
package metrics
