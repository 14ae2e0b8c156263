package memory_test

import (
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/idp/memory"
	"cloudsso/idp/storetest"
)

func TestRecords(t *testing.T) {
	t.Parallel()
	storetest.Records(t, func(_ *testing.T, now func() time.Time) idp.Records { return memory.New(now) })
}

func TestFlows(t *testing.T) {
	t.Parallel()
	storetest.Flows(t, func(_ *testing.T, now func() time.Time) idp.Flows { return memory.New(now) })
}

func BenchmarkVerbs(b *testing.B) {
	storetest.Bench(b, func(_ *testing.B, now func() time.Time) storetest.Both { return memory.New(now) })
}
