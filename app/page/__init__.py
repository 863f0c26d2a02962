"""What all pages share: navigation, the link, widgets, the sidebar, the stage as a component."""
