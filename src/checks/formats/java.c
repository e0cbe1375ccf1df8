#include "java.h"

void java_frame(struct failure *failure, const char *text)
{
    static const char *const libraries[] = {"org.junit.",
                                            "java.",
                                            "jdk.",
                                            "org.opentest4j.",
                                            "sun.",
                                            "junit.",
                                            "java.base/",
                                            "org.assertj.",
                                            "org.hamcrest.",
                                            "org.testng.",
                                            "org.apache.maven.",
                                            "kotlin.",
                                            "org.mockito.",
                                            "groovy.",
                                            "org.codehaus.groovy.",
                                            "org.gradle.",
                                            "com.sun.proxy.",
                                            "org.spockframework."};
    const char *loader = text_after(text, "app//");

    text = loader ? loader : text;
    for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
        if (text_after(text, libraries[i]))
            return;
    }
    failure_place_in(failure, text);
}
