package stepup.mock;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What the tenant of a test, or of each test of a class, begins with: JSON, a tenant in the form of a seed file. */
@Target({ElementType.METHOD, ElementType.TYPE})
@Retention(RetentionPolicy.RUNTIME)
public @interface Seed {
    /** The JSON. */
    String value();
}
