package stepup.mock;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * A tenant for each test that has a parameter of type {@link Tenant}. The mock starts with the first one, and ends with the
 * process. A test that fails shows the tenant's journal.
 */
public final class StepupExtension implements ParameterResolver, AfterEachCallback {
    private static final Namespace NAMESPACE = Namespace.create(StepupExtension.class);

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext test) {
        // A constructor and @BeforeAll come before the test, and no tenant belongs to them.
        return parameter.getParameter().getType() == Tenant.class && test.getTestMethod().isPresent();
    }

    @Override
    public Tenant resolveParameter(ParameterContext parameter, ExtensionContext test) {
        // One for the test and its @BeforeEach methods.
        return test.getStore(NAMESPACE).getOrComputeIfAbsent(Tenant.class, key -> create(test), Tenant.class);
    }

    @Override
    public void afterEach(ExtensionContext test) {
        Tenant tenant = test.getStore(NAMESPACE).get(Tenant.class, Tenant.class);
        if (tenant == null) {
            return;
        }
        try {
            test.getExecutionException().ifPresent(failure -> failure.addSuppressed(new Requests(tenant)));
        } finally {
            tenant.close();
        }
    }

    private static Tenant create(ExtensionContext test) {
        String seed = AnnotationSupport.findAnnotation(test.getElement(), Seed.class)
            .or(() -> AnnotationSupport.findAnnotation(test.getTestClass(), Seed.class))
            .map(Seed::value)
            .orElse(null);
        String name = test.getRequiredTestClass().getSimpleName() + "." + test.getDisplayName();
        return Mock.shared().createTenant(seed, name);
    }

    /** The journal, which every tool prints that prints the failure. */
    private static final class Requests extends Throwable {
        private static final long serialVersionUID = 1;

        Requests(Tenant tenant) {
            // Without a stack trace of its own.
            super("Requests to stepup-mock (" + tenant.id() + "):\n" + journal(tenant), null, false, false);
        }

        private static String journal(Tenant tenant) {
            try {
                return tenant.journal().text();
            } catch (MockException error) {
                return error.getMessage();
            }
        }

        @Override
        public String toString() {
            return getMessage();
        }
    }
}
