package storetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"cloudsso/idp"
)

// Filled returns a T with every field set, each to another value.
func Filled[T any](seed string) T {
	return filledWith[T](func(n int) string { return fmt.Sprintf("%s-%d", seed, n) })
}

// filledWith is Filled with strings of your choice.
func filledWith[T any](text func(n int) string) (v T) {
	f := filler{text: text}
	f.fill(reflect.ValueOf(&v).Elem())
	return v
}

type filler struct {
	n    int
	text func(n int) string
}

// Not in UTC, and finer than a microsecond.
var someTime = time.Date(2031, 5, 6, 7, 8, 9, 123456789, time.FixedZone("somewhere", -7*3600))

func (f *filler) fill(v reflect.Value) {
	f.n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(someTime.Add(time.Duration(f.n) * time.Second)))
		return
	case json.RawMessage:
		v.Set(reflect.ValueOf(json.RawMessage(fmt.Sprintf(`{"raw":%d}`, f.n))))
		return
	case idp.Attributes:
		v.Set(reflect.ValueOf(idp.Attributes{
			f.text(f.n):  {f.text(f.n), true, 1.5e300, map[string]any{f.text(-f.n): "nested", "false": false}},
			"Mixed.Case": {"", "ß", 12345678901234567.0}, "none": nil,
		}))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.fill(key)
			f.fill(value)
			v.SetMapIndex(key, value)
		}
	case reflect.String:
		v.SetString(f.text(f.n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(f.n))
	case reflect.Uint8:
		v.SetUint(uint64(f.n % 256))
	default:
		panic("storetest cannot fill a " + v.Type().String() + ": teach it")
	}
}

// scramble overwrites everything that v shares with its copies: whoever kept a slice or
// a map of it now has the rubbish.
func scramble(v any) { spoil(reflect.ValueOf(v).Elem()) }

func spoil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			spoil(v.Field(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			spoil(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i))
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if inner := it.Value(); inner.Kind() == reflect.Slice && inner.Len() > 0 {
				inner.Index(0).SetZero()
			}
		}
		v.Clear()
	default:
		v.SetZero()
	}
}

// normal is a deep copy as a store must give it back: times in UTC to the microsecond,
// and no difference between empty and nil.
func normal(v any) any {
	return convert(reflect.ValueOf(v), func(t time.Time) time.Time { return t.Truncate(time.Microsecond).UTC() }).Interface()
}

// emptied is normal without touching times: a zone or a nanosecond too many shows.
func emptied(v any) any {
	return convert(reflect.ValueOf(v), func(t time.Time) time.Time { return t }).Interface()
}

func convert(v reflect.Value, at func(time.Time) time.Time) reflect.Value {
	if t, ok := v.Interface().(time.Time); ok {
		return reflect.ValueOf(at(t))
	}
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			out.Field(i).Set(convert(v.Field(i), at))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(convert(v.Elem(), at))
		}
	case reflect.Interface:
		if !v.IsNil() {
			out.Set(convert(v.Elem(), at))
		}
	case reflect.Slice:
		if v.Len() > 0 {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		}
		for i := range v.Len() {
			out.Index(i).Set(convert(v.Index(i), at))
		}
	case reflect.Map:
		if v.Len() > 0 {
			out.Set(reflect.MakeMap(v.Type()))
		}
		for it := v.MapRange(); it.Next(); {
			out.SetMapIndex(it.Key(), convert(it.Value(), at))
		}
	default:
		return v
	}
	return out
}
