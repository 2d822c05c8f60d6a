package vcl

import "math"

// Functions and constants of mathematics.

var _ = funcs(
	mathRow("math.acos", math.Acos), mathRow("math.acosh", math.Acosh), mathRow("math.asin", math.Asin),
	mathRow("math.asinh", math.Asinh), mathRow("math.atan", math.Atan), mathRow("math.atanh", math.Atanh),
	mathRow("math.cos", math.Cos), mathRow("math.cosh", math.Cosh), mathRow("math.sin", math.Sin),
	mathRow("math.sinh", math.Sinh), mathRow("math.tan", math.Tan), mathRow("math.tanh", math.Tanh),
	mathRow("math.exp", math.Exp), mathRow("math.exp2", math.Exp2), mathRow("math.log", math.Log),
	mathRow("math.log10", math.Log10), mathRow("math.log2", math.Log2), mathRow("math.sqrt", math.Sqrt),
	mathRow("math.ceil", math.Ceil), mathRow("math.floor", math.Floor), mathRow("math.trunc", math.Trunc),
	mathRow("math.round", math.Round), mathRow("math.roundeven", math.RoundToEven),
	mathRow("math.roundhalfdown", func(n float64) float64 { return -roundHalfUp(-n) }),
	mathRow("math.roundhalfup", roundHalfUp),
	&function{name: "math.atan2", result: Float, params: takes(Float, Float), least: 2, scopes: everywhere,
		build: func(c *call) value {
			y, z := c.float(0), c.float(1)
			return ofFloat(func(x *Ctx) float64 { return math.Atan2(y(x), z(x)) })
		}},
	isRow("math.is_finite", func(n float64) bool { return !math.IsInf(n, 0) && !math.IsNaN(n) }),
	isRow("math.is_infinite", func(n float64) bool { return math.IsInf(n, 0) }),
	isRow("math.is_nan", math.IsNaN),
	isRow("math.is_normal", func(n float64) bool {
		return math.Abs(n) >= smallestNormal && !math.IsInf(n, 0)
	}),
	isRow("math.is_subnormal", func(n float64) bool { return n != 0 && math.Abs(n) < smallestNormal }),
)

// roundHalfUp keeps the sign of what becomes zero.
func roundHalfUp(n float64) float64 {
	below := math.Floor(n)
	if n-below >= 0.5 {
		below++
	}
	return math.Copysign(below, n)
}

const smallestNormal = 0x1p-1022

// mathRow is the row of a function that says in fastly.error what errno would: that
// it is not defined for a number, or that the result is too large.
func mathRow(name string, f func(float64) float64) *function {
	return floatOfFloat(name, func(x *Ctx, n float64) float64 {
		result := f(n)
		switch {
		case math.IsNaN(result) && !math.IsNaN(n):
			x.Failure = "EDOM"
		case math.IsInf(result, 0) && !math.IsInf(n, 0):
			x.Failure = "ERANGE"
		}
		return result
	})
}

func isRow(name string, f func(float64) bool) *function {
	return &function{name: name, result: Boolean, params: takes(Float), least: 1, scopes: everywhere,
		build: func(c *call) value {
			n := c.float(0)
			return ofBool(func(x *Ctx) bool { return f(n(x)) })
		}}
}

var _ = vars(
	mathFloat("math.1_PI", 1/math.Pi), mathFloat("math.2PI", 2*math.Pi), mathFloat("math.2_PI", 2/math.Pi),
	mathFloat("math.2_SQRTPI", 2/math.SqrtPi), mathFloat("math.E", math.E), mathFloat("math.FLOAT_EPSILON", 0x1p-52),
	mathFloat("math.FLOAT_MAX", math.MaxFloat64), mathFloat("math.FLOAT_MIN", smallestNormal), mathFloat("math.LN10", math.Ln10),
	mathFloat("math.LN2", math.Ln2), mathFloat("math.LOG10E", math.Log10E), mathFloat("math.LOG2E", math.Log2E),
	mathFloat("math.NAN", math.NaN()), mathFloat("math.NEG_HUGE_VAL", math.Inf(-1)), mathFloat("math.NEG_INFINITY", math.Inf(-1)),
	mathFloat("math.PHI", math.Phi), mathFloat("math.PI", math.Pi), mathFloat("math.PI_2", math.Pi/2), mathFloat("math.PI_4", math.Pi/4),
	mathFloat("math.POS_HUGE_VAL", math.Inf(1)), mathFloat("math.POS_INFINITY", math.Inf(1)), mathFloat("math.SQRT1_2", 1/math.Sqrt2),
	mathFloat("math.SQRT2", math.Sqrt2), mathFloat("math.TAU", 2*math.Pi),
	mathInteger("math.FLOAT_DIG", 15), mathInteger("math.FLOAT_MANT_DIG", 53), mathInteger("math.FLOAT_MAX_10_EXP", 308),
	mathInteger("math.FLOAT_MAX_EXP", 1024), mathInteger("math.FLOAT_MIN_10_EXP", -307), mathInteger("math.FLOAT_MIN_EXP", -1021),
	mathInteger("math.FLOAT_RADIX", 2), mathInteger("math.INTEGER_BIT", 64), mathInteger("math.INTEGER_MAX", math.MaxInt64),
	mathInteger("math.INTEGER_MIN", math.MinInt64),
)

func mathFloat(name string, n float64) *variable {
	return &variable{name: name, typ: Float, read: everywhere, get: ofFloat(func(*Ctx) float64 { return n })}
}

func mathInteger(name string, n int64) *variable {
	return readInteger(name, everywhere, func(*Ctx) int64 { return n })
}
