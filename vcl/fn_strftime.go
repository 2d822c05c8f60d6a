package vcl

import (
	"strconv"
	"time"
)

// goForms are what time.Format has for the conversions of strftime(3), in UTC and
// in the C locale.
var goForms = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'h': "Jan", 'c': "Mon Jan _2 15:04:05 2006",
	'd': "02", 'D': "01/02/06", 'e': "_2", 'F': "2006-01-02", 'H': "15", 'I': "03", 'j': "002", 'm': "01", 'M': "04",
	'p': "PM", 'P': "pm", 'r': "03:04:05 PM", 'R': "15:04", 'S': "05", 'T': "15:04:05", 'x': "01/02/06", 'X': "15:04:05",
	'y': "06", 'Y': "2006",
}

// strftime writes a moment as strftime(3) does. What is no conversion stays.
func (x *Ctx) strftime(format string, t time.Time) string {
	var space [128]byte
	out := space[:0]
	for i := 0; i < len(format); i++ {
		c := format[i]
		if c != '%' || i+1 == len(format) {
			out = append(out, c)
			continue
		}
		i++
		if len(out) > maxWorkspace {
			x.arena.over = true
			return ""
		}
		out = appendConversion(out, format[i], t)
	}
	return x.arena.keep(out)
}

func appendConversion(dst []byte, c byte, t time.Time) []byte {
	if form, ok := goForms[c]; ok {
		return t.AppendFormat(dst, form)
	}
	year, week := t.ISOWeek()
	switch c {
	case '%':
		return append(dst, '%')
	case 'n':
		return append(dst, '\n')
	case 't':
		return append(dst, '\t')
	case 's':
		return strconv.AppendInt(dst, t.Unix(), 10)
	case 'C':
		return appendPadded(dst, t.Year()/100, '0')
	case 'g':
		return appendPadded(dst, year%100, '0')
	case 'G':
		return strconv.AppendInt(dst, int64(year), 10)
	case 'k':
		return appendPadded(dst, t.Hour(), ' ')
	case 'l':
		return appendPadded(dst, (t.Hour()+11)%12+1, ' ')
	case 'u':
		return append(dst, byte('0'+(int(t.Weekday())+6)%7+1))
	case 'w':
		return append(dst, byte('0'+int(t.Weekday())))
	case 'U':
		return appendPadded(dst, (t.YearDay()+6-int(t.Weekday()))/7, '0')
	case 'W':
		return appendPadded(dst, (t.YearDay()+6-(int(t.Weekday())+6)%7)/7, '0')
	case 'V':
		return appendPadded(dst, week, '0')
	case 'z':
		return append(dst, "+0000"...)
	case 'Z':
		return append(dst, "GMT"...)
	}
	return append(dst, '%', c)
}

// appendPadded writes two digits.
func appendPadded(dst []byte, n int, pad byte) []byte {
	if n < 10 {
		dst = append(dst, pad)
	}
	return strconv.AppendInt(dst, int64(n), 10)
}
