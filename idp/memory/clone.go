package memory

import (
	"reflect"
	"time"
)

// clone copies v to the last slice and map, with all times in UTC to the microsecond:
// what a database would have done to it.
func clone[T any](v T) T {
	return deep(reflect.ValueOf(&v).Elem()).Interface().(T)
}

func deep(v reflect.Value) reflect.Value {
	if t, ok := v.Interface().(time.Time); ok {
		return reflect.ValueOf(stored(t))
	}
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			out.Field(i).Set(deep(v.Field(i)))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(deep(v.Elem()))
		}
	case reflect.Interface:
		if !v.IsNil() {
			out.Set(deep(v.Elem()))
		}
	case reflect.Slice:
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			for i := range v.Len() {
				out.Index(i).Set(deep(v.Index(i)))
			}
		}
	case reflect.Map:
		if !v.IsNil() {
			out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
			for it := v.MapRange(); it.Next(); {
				out.SetMapIndex(it.Key(), deep(it.Value()))
			}
		}
	default:
		return v
	}
	return out
}

func stored(t time.Time) time.Time { return t.Truncate(time.Microsecond).UTC() }
