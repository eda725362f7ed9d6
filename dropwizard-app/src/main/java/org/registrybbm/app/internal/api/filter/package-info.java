/** What each request to the API passes before it is answered: who sends it, and whether it was sent before. */
@NullMarked
package org.registrybbm.app.internal.api.filter;

import org.jspecify.annotations.NullMarked;
