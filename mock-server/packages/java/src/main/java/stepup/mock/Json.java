package stepup.mock;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON as maps, lists, strings, numbers and booleans: the JDK has no reader of its own. */
final class Json {
    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /** Reads a document. */
    static Object read(String text) {
        Json json = new Json(text);
        Object value = json.value();
        json.blanks();
        if (json.at < text.length()) {
            throw json.fault("the end");
        }
        return value;
    }

    /** Writes a value. */
    static String write(Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    private static void write(Object value, StringBuilder out) {
        if (value instanceof Map) {
            String separator = "{";
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                out.append(separator);
                quote(String.valueOf(entry.getKey()), out);
                out.append(':');
                write(entry.getValue(), out);
                separator = ",";
            }
            out.append(((Map<?, ?>) value).isEmpty() ? "{}" : "}");
        } else if (value instanceof Iterable) {
            String separator = "";
            out.append('[');
            for (Object item : (Iterable<?>) value) {
                out.append(separator);
                write(item, out);
                separator = ",";
            }
            out.append(']');
        } else if (value == null || value instanceof Number || value instanceof Boolean) {
            out.append(value);
        } else {
            quote(value.toString(), out);
        }
    }

    private static void quote(String text, StringBuilder out) {
        out.append('"');
        for (char one : text.toCharArray()) {
            if (one == '"' || one == '\\') {
                out.append('\\').append(one);
            } else if (one < ' ') {
                out.append(String.format("\\u%04x", (int) one));
            } else {
                out.append(one);
            }
        }
        out.append('"');
    }

    private Object value() {
        blanks();
        switch (at < text.length() ? text.charAt(at) : ' ') {
            case '{':
                return object();
            case '[':
                return list();
            case '"':
                return string();
            case 't':
                return word("true", true);
            case 'f':
                return word("false", false);
            case 'n':
                return word("null", null);
            default:
                return number();
        }
    }

    private Map<String, Object> object() {
        Map<String, Object> members = new LinkedHashMap<>();
        at++;
        blanks();
        if (take('}')) {
            return members;
        }
        do {
            blanks();
            String name = string();
            blanks();
            need(':');
            members.put(name, value());
            blanks();
        } while (take(','));
        need('}');
        return members;
    }

    private List<Object> list() {
        List<Object> items = new ArrayList<>();
        at++;
        blanks();
        if (take(']')) {
            return items;
        }
        do {
            items.add(value());
            blanks();
        } while (take(','));
        need(']');
        return items;
    }

    private String string() {
        need('"');
        StringBuilder out = new StringBuilder();
        while (at < text.length() && text.charAt(at) != '"') {
            char one = text.charAt(at++);
            out.append(one == '\\' ? escaped() : one);
        }
        need('"');
        return out.toString();
    }

    private char escaped() {
        char one = at < text.length() ? text.charAt(at++) : ' ';
        int simple = "bfnrt".indexOf(one);
        if (simple >= 0) {
            return "\b\f\n\r\t".charAt(simple);
        }
        if (one == 'u' && at + 4 <= text.length()) {
            at += 4;
            return (char) Integer.parseInt(text.substring(at - 4, at), 16);
        }
        return one;
    }

    private Object word(String word, Object meaning) {
        if (!text.startsWith(word, at)) {
            throw fault(word);
        }
        at += word.length();
        return meaning;
    }

    private Number number() {
        int start = at;
        while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        String digits = text.substring(start, at);
        try {
            if (digits.matches("-?\\d+")) {
                return Long.valueOf(digits);
            }
            return Double.valueOf(digits);
        } catch (NumberFormatException notOne) {
            throw fault("a value");
        }
    }

    private void blanks() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }

    private boolean take(char wanted) {
        boolean there = at < text.length() && text.charAt(at) == wanted;
        if (there) {
            at++;
        }
        return there;
    }

    private void need(char wanted) {
        if (!take(wanted)) {
            throw fault("`" + wanted + "`");
        }
    }

    private MockException fault(String wanted) {
        return new MockException("no JSON: " + wanted + " is missing at character " + at);
    }
}
