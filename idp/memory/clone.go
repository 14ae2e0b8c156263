package memory

import (
	"reflect"
	"time"
)

// clone copies v to the last slice and map, with all times in UTC to the microsecond:
// what a database would have done to it.
func clone[T any](v T) T {
	own(reflect.ValueOf(&v).Elem())
	return v
}

// own gives v, a copy already, its own of all that it still shares.
func own(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if t, ok := v.Addr().Interface().(*time.Time); ok {
			*t = stored(*t)
			return
		}
		for i := range v.NumField() {
			own(v.Field(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			copied := reflect.New(v.Type().Elem())
			copied.Elem().Set(v.Elem())
			own(copied.Elem())
			v.Set(copied)
		}
	case reflect.Interface:
		if !v.IsNil() {
			v.Set(owned(v.Elem()))
		}
	case reflect.Slice:
		if !v.IsNil() {
			copied := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(copied, v)
			for i := 0; shares(v.Type().Elem()) && i < v.Len(); i++ {
				own(copied.Index(i))
			}
			v.Set(copied)
		}
	case reflect.Map:
		if !v.IsNil() {
			copied := reflect.MakeMapWithSize(v.Type(), v.Len())
			for it := v.MapRange(); it.Next(); {
				copied.SetMapIndex(it.Key(), owned(it.Value()))
			}
			v.Set(copied)
		}
	}
}

// owned is own for a value that cannot be changed where it is.
func owned(v reflect.Value) reflect.Value {
	copied := reflect.New(v.Type()).Elem()
	copied.Set(v)
	own(copied)
	return copied
}

// shares reports whether a copy of the type still shares something, or has a time in it.
func shares(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map, reflect.Array:
		return true
	}
	return false
}

func stored(t time.Time) time.Time { return t.Truncate(time.Microsecond).UTC() }
