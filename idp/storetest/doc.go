// Package storetest is the one suite that every backend of idp.Records and idp.Flows
// passes whole: the contract of each method, expiry, collation, copies, hostile strings,
// callers who give up, races, and (for backends that last) a restart.
//
// A backend's test hands in functions that open an empty store of its own each time:
//
//	func TestRecords(t *testing.T) { storetest.Records(t, open) }
//	func TestFlows(t *testing.T)   { storetest.Flows(t, openFlows) }
//	func TestRestart(t *testing.T) { storetest.RecordsRestart(t, place) }
//
// The suite's clock starts at the real time and only moves forward. So a backend may let
// its server expire things too, as long as it compares with the clock as well.
//
// Records are filled field by field through reflection: a field added to a type of
// package idp that a backend does not keep fails the suite.
package storetest
