"""Face swap by a mesh: shape, rendering, skin, light and composition."""
