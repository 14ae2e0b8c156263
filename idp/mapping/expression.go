package mapping

import (
	"errors"
	"fmt"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"

	"cloudsso/idp"
)

// Bounds of an expression. What an admin of one app writes runs in every sign-in to it,
// so an expression that eats the processor or the memory would stop them all.
const (
	maxExpression  = 4096    // characters
	maxCost        = 50_000  // of one evaluation, in CEL's units; a sign-in spends a few dozen
	maxMemory      = 100_000 // elements and characters that one evaluation may hold
	maxRange       = 1000    // of lists.range
	maxRegex       = 1000    // instructions
	maxNesting     = 50
	maxExpressions = 1024 // that stay compiled
)

// expressions compiles CEL and remembers what it made.
type expressions struct {
	env *cel.Env
	err error // of the environment

	mu       sync.RWMutex
	programs map[string]compiled
}

type compiled struct {
	program cel.Program
	err     error
}

// language is the process's own: what an expression means depends on nothing but its
// text, so that nobody can see who compiled it first.
var language = sync.OnceValue(func() *expressions {
	env, err := cel.NewEnv(
		cel.Variable("attributes", attributesType),
		cel.Variable("groups", cel.ListType(cel.StringType)),
		cel.Variable("username", cel.StringType),
		cel.Variable("subject", cel.StringType),
		cel.Variable("directory", cel.StringType),
		attributeFunctions(),
		ext.Strings(), ext.Lists(ext.ListsMaxRangeSize(maxRange)), ext.Bindings(), cel.OptionalTypes(),
		cel.DefaultUTCTimeZone(true), cel.StrictTimestampParsing(true), cel.CrossTypeNumericComparisons(true),
		cel.ParserExpressionSizeLimit(maxExpression), cel.ParserRecursionLimit(maxNesting), cel.RegexProgramSizeLimit(maxRegex),
	)
	return &expressions{env: env, err: err, programs: make(map[string]compiled)}
})

// program compiles an expression, or remembers it.
func (e *expressions) program(text string) (cel.Program, error) {
	e.mu.RLock()
	c, ok := e.programs[text]
	e.mu.RUnlock()
	if ok {
		return c.program, c.err
	}
	c.program, c.err = e.compile(text)
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.programs) >= maxExpressions {
		clear(e.programs)
	}
	e.programs[text] = c
	return c.program, c.err
}

func (e *expressions) compile(text string) (cel.Program, error) {
	if e.err != nil {
		return nil, e.err
	}
	if len(text) > maxExpression {
		return nil, fmt.Errorf("it has more than %d bytes", maxExpression)
	}
	ast, issues := e.env.Compile(text)
	if faults := issues.Errors(); len(faults) > 0 {
		f := faults[0]
		return nil, fmt.Errorf("line %d, column %d: %s", f.Location.Line(), f.Location.Column()+1, f.Message)
	}
	if err := usable(ast.OutputType()); err != nil {
		return nil, err
	}
	return e.env.Program(ast, cel.CostLimit(maxCost), cel.MemoryLimit(maxMemory), cel.EvalOptions(cel.OptOptimize))
}

// usable refuses expressions whose outcome nobody can be told.
func usable(t *cel.Type) error {
	switch t.Kind() {
	case cel.BytesKind, cel.TypeKind, cel.NullTypeKind:
		return errors.New("the outcome is of the type " + t.String() + ": make a text, a number, a boolean, a list or a map of it")
	}
	return nil
}

// takeExpression evaluates. What fails has no value: an expression that reads a missing
// attribute is as usual as a missing attribute.
func takeExpression(text string, p idp.Person) outcome {
	program, err := language().program(text)
	if err != nil {
		return outcome{note: "the expression cannot be used: " + err.Error()}
	}
	found, _, err := program.Eval(&activation{person: p})
	if err != nil {
		return outcome{note: "the expression failed: " + err.Error()}
	}
	o := outcome{}
	if o.values, o.list, err = plain(found); err != nil {
		o.note = "the expression gave what cannot be sent: " + err.Error()
	}
	o.emptied("the expression gave no value")
	return o
}
